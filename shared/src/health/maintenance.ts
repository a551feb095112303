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
  /** Set when it was ended before its time. */
  endedAt: timestamp.nullable(),
});
export type MaintenanceWindow = z.infer<typeof maintenanceWindow>;

export const listMaintenance = defineEndpoint({
  method: "GET",
  path: "/maintenance",
  summary: "Maintenance windows that go on or are to come, and those of the last 30 days, newest first",
  access: "health:read",
  response: z.object({ items: z.array(maintenanceWindow), nextCursor: z.null() }),
});

export const createMaintenance = defineEndpoint({
  method: "POST",
  path: "/maintenance",
  summary: "Announce planned work: until its end nothing of these services counts as a problem",
  access: "health:act",
  action: "health.maintenance.create",
  keeps: ["services", "from", "until"],
  body: z.strictObject({
    services: z.array(z.string().min(1).max(200)).min(1).max(100),
    /** Now, when left out. */
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
  summary: "End planned work before its time, or call it off",
  access: "health:act",
  action: "health.maintenance.end",
  keeps: ["until", "endedAt"],
  params: z.strictObject({ id: z.uuid() }),
  response: maintenanceWindow,
});
