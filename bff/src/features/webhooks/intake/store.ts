import type { EventFate } from "@wheelhouse/shared/webhooks/events.ts";
import { sql } from "kysely";
import type { Events } from "#lib/events.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Doorbell } from "../delivery/delivery.ts";
import type { Payloads } from "../log/log.ts";
import { lacksPartition, makePartitions } from "./partitions.ts";

/** A verified event and its deliveries. */
export type AcceptedEvent = {
  organizationId: string;
  sourceId: string;
  sourceEventId: string;
  bodyHash: string;
  eventId: string;
  eventType: string;
  contentType: string;
  headers: Record<string, string>;
  body: Buffer;
  receivedAt: Date;
  createdAt: Date;
  fate: EventFate;
  /** Endpoints that were disabled and whose filter takes it. */
  missedBy: readonly string[];
  /** `path=value` by which it is found. */
  searchValues: readonly string[];
  /** `orderKey`: it waits until those before it with the same key have ended. */
  deliveries: readonly {
    id: string;
    endpointId: string;
    maxAttempts: number;
    orderKey: string | null;
  }[];
};

export type StoredEvent = { eventId: string; duplicate: boolean };
type EventKey = Pick<AcceptedEvent, "organizationId" | "sourceId" | "sourceEventId" | "bodyHash"> & {
  n: number;
};
type Row = { n: number; event_id: string; duplicate: boolean };

const keysOf = (events: readonly EventKey[]): EventKey[] =>
  events.map(({ n, organizationId, sourceId, sourceEventId, bodyHash }) => ({
    n,
    organizationId,
    sourceId,
    sourceEventId,
    bodyHash,
  }));

/**
 * Stores events, deliveries and idempotency keys in one transaction, and creates the jobs after the commit.
 * Skips events already accepted today or yesterday (UTC).
 * @returns one result per event, in order; a duplicate has the id of the first.
 */
export function createIntakeStore({
  database,
  payloads,
  doorbell,
  events: { emit },
  onOrdered,
  clock,
}: {
  database: Database;
  payloads: Payloads;
  doorbell: Doorbell;
  events: Pick<Events, "emit">;
  /** Called after ordered deliveries were committed. */
  onOrdered(): void;
  clock: Clock;
}) {
  async function insert(events: readonly AcceptedEvent[]): Promise<Map<number, StoredEvent>> {
    let offset = 1;
    const sealed = events.map(({ body, eventId }) => payloads.seal(body, eventId));
    const items = events.map((event, n) => {
      const start = offset;
      const length = sealed[n]?.length ?? 0;
      offset += length;
      const { body, deliveries: _, ...rest } = event;
      return { n, ...rest, sizeBytes: body.length, start, length };
    });
    const deliveries = events.flatMap(({ deliveries }, n) => deliveries.map((row) => ({ n, ...row })));
    // All payloads share one binary parameter, because an array would be sent as hexadecimal, at twice the
    // size.
    const bytes = Buffer.concat(sealed);
    const { rows } = await sql<Row>`
      select * from store_webhook_events(${JSON.stringify(items)}::json, ${JSON.stringify(deliveries)}::json,
        ${bytes}::bytea)
    `.execute(database.system);
    return new Map(rows.map(({ n, event_id, duplicate }) => [n, { eventId: event_id, duplicate }]));
  }

  /** Ids of events that another transaction or the same group has just accepted. */
  async function firstIds(events: readonly (AcceptedEvent & { n: number })[]) {
    const { rows } = await sql<Row>`
      select n, event_id, true as duplicate from seen_webhook_events(${JSON.stringify(keysOf(events))}::json)
    `.execute(database.system);
    return rows;
  }

  /** Creates jobs for the deliveries of new events and notifies the lists that show them. */
  function announce(events: readonly AcceptedEvent[]) {
    void doorbell.pass(
      events.flatMap(({ deliveries }) =>
        deliveries.flatMap(({ id, endpointId, orderKey }) =>
          orderKey === null ? [{ deliveryId: id, endpointId, generation: 1, attempt: 1 }] : [],
        ),
      ),
    );
    if (events.some(({ deliveries }) => deliveries.some(({ orderKey }) => orderKey !== null))) onOrdered();
    for (const { organizationId, eventId, deliveries } of events) {
      emit("events.changed", { organizationId, ids: [eventId], created: 1 });
      emit("deliveries.changed", {
        organizationId,
        ids: deliveries.map(({ id }) => id),
        created: deliveries.length,
      });
    }
  }

  return {
    async store(events: readonly AcceptedEvent[]): Promise<StoredEvent[]> {
      const stored = await insert(events).catch(async (error: unknown) => {
        if (!lacksPartition(error)) throw error;
        await makePartitions(database, clock);
        return insert(events);
      });
      const missing = events.flatMap((event, n) => (stored.has(n) ? [] : [{ ...event, n }]));
      if (missing.length > 0)
        for (const { n, event_id, duplicate } of await firstIds(missing))
          stored.set(n, { eventId: event_id, duplicate });
      const results = events.map((_, n) => {
        const result = stored.get(n);
        if (!result) throw new Error("an event was neither stored nor known");
        return result;
      });
      announce(events.filter((_, n) => results[n]?.duplicate === false));
      return results;
    },
  };
}
