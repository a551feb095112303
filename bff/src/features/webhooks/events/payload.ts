import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { expungeEvent, revealEvent } from "@wheelhouse/shared/webhooks/events.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import { timeOfEventId } from "../ids.ts";
import type { Payloads } from "../log/log.ts";

const maxRevealedBytes = 1024 * 1024;

type PayloadRow = {
  event_type: string;
  content_type: string;
  size_bytes: number | null;
  payload: Buffer | null;
  created_at: Date;
};

type Options = { changes: Changes; payloads: Payloads; events: Pick<Events, "emit">; clock: Clock };

/** Payloads in full, each reading and removal with its audit row. */
export function createEventPayload({ changes, payloads, events, clock }: Options) {
  async function lock(tx: Transaction<Tables>, organizationId: string, id: string): Promise<PayloadRow> {
    const createdAt = timeOfEventId(id);
    if (createdAt === null) throw notFound("event");
    const { rows } = await sql<PayloadRow>`
      select event_type, content_type, size_bytes, payload, created_at from webhook_events
      where event_id = ${id} and created_at = ${createdAt}::timestamptz and org_id = ${organizationId}::uuid
      for update
    `.execute(tx);
    const row = rows[0];
    if (!row) throw notFound("event");
    if (row.payload === null) throw new AppError("conflict", "The payload of this event has been removed.");
    return row;
  }

  const targetsOf = (id: string, { event_type }: PayloadRow) => [
    { type: "webhook-event", id, name: event_type },
  ];

  return {
    async reveal(
      id: string,
      { reason }: EndpointParsed<typeof revealEvent>["body"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof revealEvent>> {
      // An idempotency key would keep the payload beside its answer.
      const once = { ...context, idempotencyKey: null };
      return changes.run(once, "webhooks.event.reveal", async (tx) => {
        const row = await lock(tx, context.organization.id, id);
        const body = payloads.open(row.payload, id);
        if (body === null)
          throw new AppError(
            "conflict",
            "The payload cannot be decrypted: the installation's key was changed.",
          );
        return {
          result: {
            body: body.subarray(0, maxRevealedBytes).toString("base64"),
            contentType: row.content_type,
            sizeBytes: body.length,
            truncated: body.length > maxRevealedBytes,
          },
          audit: {
            targets: targetsOf(id, row),
            after: { eventType: row.event_type, sizeBytes: body.length },
            reason,
          },
        };
      });
    },

    /** Deliveries that were not sent yet have nothing to send any more, so they are discarded. */
    async expunge(
      id: string,
      { reason }: EndpointParsed<typeof expungeEvent>["body"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof expungeEvent>> {
      const { organization } = context;
      const expungedAt = new Date(clock.now());
      const done = await changes.run(context, "webhooks.event.expunge", async (tx) => {
        const row = await lock(tx, organization.id, id);
        await sql`
          update webhook_events set payload = null, headers = '{}', search_values = '{}',
            expunged_at = ${expungedAt}::timestamptz
          where event_id = ${id} and created_at = ${row.created_at}::timestamptz
        `.execute(tx);
        const { rows } = await sql<{ id: string }>`
          update webhook_delivery_log d set status = 'discarded', next_attempt_at = null, version = d.version + 1
          where d.org_id = ${organization.id}::uuid and d.created_at = ${row.created_at}::timestamptz
            and d.event_id = ${id} and d.status in ('pending', 'failed')
          returning d.id
        `.execute(tx);
        return {
          result: { ids: rows.map((delivery) => delivery.id) },
          audit: {
            targets: targetsOf(id, row),
            before: { eventType: row.event_type, sizeBytes: row.size_bytes },
            after: { discardedDeliveries: rows.length },
            reason,
          },
        };
      });
      events.emit("events.changed", { organizationId: organization.id, ids: [id], created: 0 });
      events.emit("deliveries.changed", {
        organizationId: organization.id,
        ids: done.ids.slice(-50),
        created: 0,
      });
      return { expungedAt: expungedAt.toISOString(), discardedDeliveries: done.ids.length };
    },
  };
}
export type EventPayload = ReturnType<typeof createEventPayload>;
