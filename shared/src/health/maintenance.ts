import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";
import { reasonText } from "../reason.ts";

export const maintenanceWindow = z.object({
  id: z.string(),
  /** Ids of services and servers. */
  services: z.array(z.string()),
  startsAt: timestamp,
  endsAt: timestamp,
  reason: z.string(),
  /** Name of the person, token or program. */
  createdBy: z.string(),
  createdAt: timestamp,
  /** Set when it was ended early. */
  endedAt: timestamp.nullable(),
});
export type MaintenanceWindow = z.infer<typeof maintenanceWindow>;

export const listMaintenance = defineEndpoint({
  method: "GET",
  path: "/maintenance",
  summary: "Current and upcoming maintenance windows, and those of the last 30 days, newest first",
  access: "health:read",
  response: z.object({ items: z.array(maintenanceWindow), nextCursor: z.null() }),
});

export const createMaintenance = defineEndpoint({
  method: "POST",
  path: "/maintenance",
  summary: "Schedule maintenance: until it ends, these services are not reported as problems",
  access: "health:act",
  action: "health.maintenance.create",
  keeps: ["services", "from", "until"],
  body: z.strictObject({
    services: z.array(z.string().min(1).max(200)).min(1).max(100),
    /** Defaults to now. */
    startsAt: timestamp.optional(),
    endsAt: timestamp,
    reason: reasonText,
  }),
  response: maintenanceWindow,
  status: 201,
});

export const endMaintenance = defineEndpoint({
  method: "DELETE",
  path: "/maintenance/:id",
  summary: "End a maintenance window early, or cancel it",
  access: "health:act",
  action: "health.maintenance.end",
  keeps: ["until", "endedAt"],
  params: z.strictObject({ id: z.uuid() }),
  response: maintenanceWindow,
});
