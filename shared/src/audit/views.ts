import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { auditFilterKept, storedAuditFilter } from "./filter.ts";

const name = z.string().trim().min(1).max(80);

const auditView = z.object({
  id: z.uuid(),
  name: z.string(),
  /** Visible to everyone who may read the organization's trail; otherwise only to its owner. */
  shared: z.boolean(),
  isMine: z.boolean(),
  ownerName: z.string(),
  filter: storedAuditFilter,
  updatedAt: timestamp,
});
export type AuditView = z.infer<typeof auditView>;

export const listAuditViews = defineEndpoint({
  method: "GET",
  path: "/audit/views",
  summary: "List saved filters of the trail: the caller's own and those shared in the organization",
  access: "audit:read",
  response: z.object({ items: z.array(auditView) }),
});

export const createAuditView = defineEndpoint({
  method: "POST",
  path: "/audit/views",
  summary: "Save a filter of the trail under a name, at most 100 per person",
  access: "audit:read",
  action: "audit.view.create",
  keeps: [...auditFilterKept, "name", "shared"],
  body: z.strictObject({ name, shared: z.boolean(), filter: storedAuditFilter }),
  response: auditView,
  status: 201,
});

export const updateAuditView = defineEndpoint({
  method: "PUT",
  path: "/audit/views/:id",
  summary: "Change a saved filter of the caller",
  access: "audit:read",
  action: "audit.view.update",
  keeps: [...auditFilterKept, "name", "shared"],
  params: z.strictObject({ id: z.uuid() }),
  body: z.strictObject({ name, shared: z.boolean(), filter: storedAuditFilter }),
  response: auditView,
});

export const deleteAuditView = defineEndpoint({
  method: "DELETE",
  path: "/audit/views/:id",
  summary: "Delete a saved filter of the caller",
  access: "audit:read",
  action: "audit.view.delete",
  keeps: [...auditFilterKept, "name", "shared"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});
