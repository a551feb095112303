import type { listNotifications, Notification } from "@wheelhouse/shared/alerts/notifications.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { NotificationRow } from "./store.ts";

const place = z.object({ id: z.uuid() });
const columns = [
  "id",
  "incident_id",
  "event",
  "severity",
  "title",
  "channel",
  "recipient",
  "team",
  "step",
  "state",
  "attempts",
  "due_at",
  "sent_at",
  "latency_ms",
  "error",
  "read_at",
  "link_used_at",
  "created_at",
] as const;

const viewOf = (row: Pick<NotificationRow, (typeof columns)[number]>): Notification => ({
  id: row.id,
  incidentId: row.incident_id,
  event: row.event,
  severity: row.severity,
  title: row.title,
  channel: row.channel,
  recipient: row.recipient,
  team: row.team,
  step: row.step,
  state: row.state,
  attempts: row.attempts,
  dueAt: row.due_at.toISOString(),
  sentAt: row.sent_at?.toISOString() ?? null,
  latencyMs: row.latency_ms,
  error: row.error,
  seenAt: (row.link_used_at ?? row.read_at)?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
});

/** What was sent to whom, for people who look after it. */
export const createNotificationLog = (database: Database) => ({
  async list(
    { cursor, limit, incidentId, state }: EndpointParsed<typeof listNotifications>["query"],
    organizationId: string,
  ) {
    const before = decodeCursor(cursor, place)?.id;
    const rows = await database.asOrganizations([organizationId], (tx) => {
      let found = tx.selectFrom("notifications").select(columns).where("org_id", "=", organizationId);
      if (incidentId !== undefined) found = found.where("incident_id", "=", incidentId);
      if (state !== undefined) found = found.where("state", "=", state);
      if (before !== undefined) found = found.where("id", "<", before);
      return found
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
    });
    const last = rows[limit - 1];
    return {
      items: rows.slice(0, limit).map(viewOf),
      nextCursor: rows.length > limit && last ? encodeCursor({ id: last.id }) : null,
    };
  },
});
