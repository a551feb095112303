import { z } from "zod";
import { capabilities } from "../capabilities.ts";
import { defineEndpoint, page, paging, shownName, timestamp } from "../endpoint.ts";

export const apiToken = z.object({
  id: z.uuid(),
  name: z.string(),
  /** First characters of the token, to tell tokens apart. */
  prefix: z.string(),
  capabilities: z.array(z.enum(capabilities)),
  createdBy: z.object({ id: z.uuid(), name: z.string() }),
  createdAt: timestamp,
  /** Null if the token does not expire. */
  expiresAt: timestamp.nullable(),
  /** Accurate to one minute. */
  lastUsedAt: timestamp.nullable(),
  /** `suspended`: the creator is deactivated or has lost all rights in this organization. */
  state: z.enum(["active", "expired", "suspended"]),
});
export type ApiToken = z.infer<typeof apiToken>;

export const listTokens = defineEndpoint({
  method: "GET",
  path: "/tokens",
  summary: "List the organization's active API tokens, newest first",
  access: "access:read",
  query: z.strictObject(paging),
  response: page(apiToken),
});

export const createToken = defineEndpoint({
  method: "POST",
  path: "/tokens",
  summary: "Create an API token for this organization; it is shown in this answer only",
  access: "access:manage",
  action: "access.token.create",
  keeps: ["prefix", "capabilities", "expiresAt"],
  stepUp: true,
  body: z.strictObject({
    name: shownName,
    capabilities: z.array(z.enum(capabilities)).min(1).max(capabilities.length),
    expiresAt: timestamp.nullable(),
  }),
  response: apiToken.extend({ token: z.string() }),
  status: 201,
});

export const deleteToken = defineEndpoint({
  method: "DELETE",
  path: "/tokens/:id",
  summary: "Revoke an API token; effective from its next request",
  access: "access:manage",
  action: "access.token.delete",
  keeps: ["prefix", "capabilities"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});
