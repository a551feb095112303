import { z } from "zod";
import { capabilities } from "../capabilities.ts";
import { defineEndpoint, page, paging, shownName, timestamp } from "../endpoint.ts";

export const apiToken = z.object({
  id: z.uuid(),
  name: z.string(),
  /** The first characters of the token, by which it can be told apart. */
  prefix: z.string(),
  capabilities: z.array(z.enum(capabilities)),
  createdBy: z.object({ id: z.uuid(), name: z.string() }),
  createdAt: timestamp,
  /** Null: until it is revoked. */
  expiresAt: timestamp.nullable(),
  /** To the minute. */
  lastUsedAt: timestamp.nullable(),
  /** `suspended`: its creator is deactivated or has lost all of its rights here. */
  state: z.enum(["active", "expired", "suspended"]),
});
export type ApiToken = z.infer<typeof apiToken>;

export const listTokens = defineEndpoint({
  method: "GET",
  path: "/tokens",
  summary: "API tokens of the organization that are not revoked, newest first",
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
  summary: "Revoke an API token; it stops working with its next use",
  access: "access:manage",
  action: "access.token.delete",
  keeps: ["prefix", "capabilities"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});
