import { type EventFate, eventFate, type WebhookEvent } from "@wheelhouse/shared/webhooks/events.ts";
import { deliveryStatus } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { timeOfEventId } from "../ids.ts";

const timeoutMs = 5_000;
/** Deliveries of one event that a list shows. */
const shownDeliveries = 10;
/** Events of one fate that a bar counts. */
export const barMax = 10_000;

export type EventFilter = {
  sourceId?: string[] | undefined;
  eventType?: string[] | undefined;
  fate?: EventFate[] | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
};
export type EventPlace = { createdAt: string; id: string };

export type EventRow = {
  event_id: string;
  org_id: string;
  source_id: string;
  source_name: string | null;
  source_event_id: string;
  event_type: string;
  received_at: Date;
  created_at: Date;
  fate: string;
  delivery_count: number;
  deliveries: unknown;
  missed_by: unknown;
};
export type EventContentRow = {
  headers: Record<string, string>;
  content_type: string;
  size_bytes: number | null;
  payload: Buffer | null;
  expunged_at: Date | null;
  redaction: unknown;
};
export type EventEndpointRow = {
  id: string;
  name: string;
  event_types: string[];
  settings: unknown;
  enabled: boolean;
  created_at: Date;
  missed: boolean;
  delivered: boolean;
};

const someOf = (values: readonly string[] | undefined) => (values?.length ? values : null);

/** What a list shows of the events whose keys are in `found`, newest first. */
const shown = (found: ReturnType<typeof sql>) => sql<EventRow>`
  with found as materialized (${found})
  select * from show_webhook_events(
    array(select event_id from found), array(select created_at from found), ${shownDeliveries})`;

/** Received events, read as the caller's organizations with a statement time-out of 5 s. */
export function createEventStore(database: Database) {
  const read = <T>(organizationIds: readonly string[], work: (tx: Transaction<Tables>) => Promise<T>) =>
    database.asOrganizations(organizationIds, work, { statementTimeoutMs: timeoutMs });

  /** Keys of the events with exactly this id, ours or the sender's, or with this value of a field. */
  const byId = (organizationIds: readonly string[], q: string) => {
    const createdAt = timeOfEventId(q);
    return createdAt === null
      ? sql`(
            select e.event_id, e.created_at from webhook_events e
            where e.org_id = any(${organizationIds}::uuid[]) and e.source_event_id = ${q}
            order by e.created_at desc limit 200
          ) union select v.event_id, v.created_at from find_webhook_values(${q}, ${organizationIds}::uuid[], '-infinity',
            'infinity', 200) v`
      : sql`select e.event_id, e.created_at from webhook_events e
          where e.event_id = ${q} and e.created_at = ${createdAt}::timestamptz
            and e.org_id = any(${organizationIds}::uuid[])`;
  };

  return {
    /** Newest first, at most `limit`. An exact id returns all that it names, whatever else is filtered, up to 200. */
    async list(
      organizationIds: readonly string[],
      { sourceId, eventType, fate, from, to, q }: EventFilter,
      after: EventPlace | undefined,
      limit: number,
    ): Promise<EventRow[]> {
      const found =
        q === undefined
          ? sql`select * from find_webhook_events(${organizationIds}::uuid[], ${someOf(sourceId)}::uuid[],
              ${someOf(eventType)}::text[], ${someOf(fate)}::text[], ${from ?? null}::timestamptz,
              ${to ?? null}::timestamptz, ${after?.createdAt ?? null}::timestamptz, ${after?.id ?? null}::text,
              ${limit}::int)`
          : byId(organizationIds, q);
      return read(organizationIds, async (tx) => (await shown(found).execute(tx)).rows);
    },

    /** Rows for the live list by id, newest first, at most 50; omits ids of other organizations. */
    async heads(organizationId: string, ids: readonly string[]): Promise<WebhookEvent[]> {
      const wanted = ids.slice(0, 50).flatMap((id) => {
        const createdAt = timeOfEventId(id);
        return createdAt === null ? [] : [{ event_id: id, created_at: createdAt }];
      });
      const found = sql`select w.event_id, w.created_at
        from json_to_recordset(${JSON.stringify(wanted)}::json) as w(event_id text, created_at timestamptz)`;
      return read([organizationId], async (tx) => (await shown(found).execute(tx)).rows.map(eventOf));
    },

    /** Events by bar and fate, each counted up to `barMax`. */
    async count(
      organizationIds: readonly string[],
      { sourceId, eventType, fate }: EventFilter,
      range: { fromMs: number; barMs: number; bars: number },
    ): Promise<{ bar: number; fate: EventFate; count: number }[]> {
      return read(organizationIds, async (tx) => {
        const { rows } = await sql<{ bar: number; fate: EventFate; count: number }>`
          select * from count_webhook_events(${organizationIds}::uuid[], ${someOf(sourceId)}::uuid[],
            ${someOf(eventType)}::text[], ${someOf(fate)}::text[], ${new Date(range.fromMs)}::timestamptz,
            ${range.barMs} * interval '1 millisecond', ${range.bars}::int, ${barMax}::int)
        `.execute(tx);
        return rows;
      });
    },

    /** Null when it belongs to none of the organizations. */
    async read(organizationIds: readonly string[], id: string) {
      const createdAt = timeOfEventId(id);
      if (createdAt === null) return null;
      return read(organizationIds, async (tx) => {
        const { rows } = await shown(byId(organizationIds, id)).execute(tx);
        const event = rows[0];
        if (!event) return null;
        const { rows: contents } = await sql<EventContentRow>`
          select e.headers, e.content_type, e.size_bytes, e.payload, e.expunged_at,
            coalesce(s.redaction, '{}') as redaction
          from webhook_events e left join webhook_sources s on s.id = e.source_id
          where e.event_id = ${id} and e.created_at = ${createdAt}::timestamptz
        `.execute(tx);
        const { rows: endpoints } = await sql<EventEndpointRow>`
          select p.id, p.name, p.event_types, p.settings, p.enabled, p.created_at, p.id = any(e.missed_by) as missed,
            exists (
              select from webhook_delivery_log d where d.org_id = e.org_id and d.created_at = e.created_at
                and d.event_id = e.event_id and d.endpoint_id = p.id) as delivered
          from webhook_events e join webhook_endpoints p on p.org_id = e.org_id and p.deleted_at is null
          where e.event_id = ${id} and e.created_at = ${createdAt}::timestamptz
          order by p.name limit 200
        `.execute(tx);
        const content = contents[0];
        return content ? { event, content, endpoints } : null;
      });
    },
  };
}
export type EventStore = ReturnType<typeof createEventStore>;

const deliveries = z.array(
  z.object({ id: z.string(), endpointId: z.string(), endpointName: z.string(), status: deliveryStatus }),
);
const missed = z.array(z.object({ endpointId: z.string(), endpointName: z.string() }));

export const eventOf = (row: EventRow): WebhookEvent => ({
  id: row.event_id,
  sourceId: row.source_id,
  sourceName: row.source_name ?? "deleted source",
  sourceEventId: row.source_event_id,
  eventType: row.event_type,
  receivedAt: row.received_at.toISOString(),
  // A fate written by a newer version.
  fate: eventFate.catch("unrecorded").parse(row.fate),
  deliveries: deliveries.parse(row.deliveries),
  deliveryCount: row.delivery_count,
  missedBy: missed.parse(row.missed_by),
});
