import { z } from "zod";
import { defineEndpoint, shownName, timestamp } from "../endpoint.ts";

export const wallGrant = z.object({
  id: z.uuid(),
  name: z.string(),
  createdBy: z.string(),
  createdAt: timestamp,
  expiresAt: timestamp,
  /** About when it was last used. */
  seenAt: timestamp.nullable(),
});
export type WallGrant = z.infer<typeof wallGrant>;

export const listWallGrants = defineEndpoint({
  method: "GET",
  path: "/wall-grants",
  summary: "Links for wallboards that are valid, newest first",
  access: "alerts:configure",
  response: z.object({ items: z.array(wallGrant), nextCursor: z.null() }),
});

export const createWallGrant = defineEndpoint({
  method: "POST",
  path: "/wall-grants",
  summary: "Create a link that shows this organization on a wallboard and nothing else",
  access: "alerts:configure",
  action: "wall.grant.create",
  keeps: ["name", "expiresAt"],
  body: z.strictObject({ name: shownName, days: z.number().int().min(1).max(730).default(365) }),
  response: z.object({
    grant: wallGrant,
    /** With the grant at its end; shown once. */
    path: z.string(),
  }),
  status: 201,
});

export const revokeWallGrant = defineEndpoint({
  method: "DELETE",
  path: "/wall-grants/:id",
  summary: "Revoke a wallboard's link; its screen goes dark within ten seconds",
  access: "alerts:configure",
  action: "wall.grant.revoke",
  keeps: ["name"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});
