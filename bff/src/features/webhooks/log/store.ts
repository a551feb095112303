import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { ReplayFilter } from "@wheelhouse/shared/webhooks/replays.ts";
import {
  type Delivery,
  type DeliveryStatus,
  errorClass,
  type listDeliveries,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import { type RawBuilder, sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { timeOfDeliveryId, timeOfEventId, timeOfId } from "../ids.ts";

type ListQuery = EndpointParsed<typeof listDeliveries>["query"];
export type DeliveryFilter = Omit<ListQuery, "cursor" | "limit" | "includeChildren">;

const timeoutMs = 5_000;
/** Matches of a text are counted up to here. */
export const textCap = 10_001;

/** Conditions on a row `d` of the delivery log, for statements that read its matches anyway. */
function conditionsOf(filter: Omit<DeliveryFilter, "status">): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = [];
  if (filter.endpointId) conditions.push(sql`d.endpoint_id = any(${filter.endpointId}::uuid[])`);
  if (filter.eventType) conditions.push(sql`d.event_type = any(${filter.eventType}::text[])`);
  if (filter.errorClass) conditions.push(sql`d.error_class = any(${filter.errorClass}::text[])`);
  if (filter.from) conditions.push(sql`d.created_at >= ${filter.from}::timestamptz`);
  if (filter.to) conditions.push(sql`d.created_at < ${filter.to}::timestamptz`);
  if (filter.q) conditions.push(textCondition(filter.q));
  return conditions;
}

/** Conditions of a set that a person acts on, except the status, which decides what the act may do. */
export function conditionsOfSet(filter: ReplayFilter): RawBuilder<unknown> {
  const { ids, failedIn } = filter;
  const conditions = conditionsOf(searched(filter));
  if (failedIn)
    conditions.push(sql`d.id in (
      select i.delivery_id from webhook_replay_items i where i.replay_id = ${failedIn}::uuid and i.state = 'failed')`);
  if (ids) {
    // The ids contain the time, which identifies their partitions.
    const known = ids.flatMap((id) => timeOfDeliveryId(id) ?? []).map((time) => time.getTime());
    conditions.push(sql`d.id = any(${ids}::uuid[])
      and d.created_at >= ${new Date(Math.min(...known, Date.now()))}::timestamptz
      and d.created_at <= ${new Date(Math.max(...known, 0))}::timestamptz`);
  }
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/** What such a set shares with the filter of the log; an empty list does not narrow it. */
export const searched = ({ ids: _ids, failedIn: _failedIn, status: _status, ...filter }: ReplayFilter) => ({
  ...filter,
  endpointId: someOf(filter.endpointId),
  eventType: someOf(filter.eventType),
  errorClass: someOf(filter.errorClass),
});

export const someOf = <T>(list: T[] | undefined) => (list?.length ? list : undefined);

/** What a text matches, as in `find_webhook_deliveries`. */
function textCondition(q: string): RawBuilder<unknown> {
  const pattern = `%${q.replace(/[\\%_]/g, "\\$&")}%`;
  const words = q.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const searched = words.map((word) => `(^|[^[:alnum:]])${word}`);
  const inMessage =
    searched.length === 0 ? sql`false` : sql`lower(d.error_message) ~ all(${searched}::text[])`;
  return sql`(${inMessage} or d.event_type ilike ${pattern} or d.error_class ilike ${pattern}
    or d.endpoint_id in (select e.id from webhook_endpoints e where e.name ilike ${pattern})
    or d.event_id = ${q} or d.id::text = ${q.toLowerCase()}
    or d.event_id in (select v.event_id from webhook_events v where v.source_event_id = ${q})
    or d.event_id in (select v.event_id from find_webhook_values(${q}, current_organizations(), '-infinity',
      'infinity', ${textCap}) v))`;
}

/** The filter as the functions of the database read it. */
export function searchFilter(organizationIds: readonly string[], filter: DeliveryFilter): string {
  const { q } = filter;
  return JSON.stringify({
    organizations: organizationIds,
    statuses: filter.status,
    endpoints: filter.endpointId,
    types: filter.eventType,
    errors: filter.errorClass,
    from: filter.from,
    to: filter.to,
    q,
    ...(q === undefined ? {} : idsIn(q)),
  });
}

/** The times within a delivery's or an event's id, which find its row without a search. */
function idsIn(q: string) {
  const id = q.toLowerCase();
  const eventAt = timeOfEventId(q);
  const at = z.uuid().safeParse(id).success ? timeOfDeliveryId(id) : null;
  return {
    ...(at ? { id, idAt: at.toISOString() } : {}),
    ...(eventAt ? { eventAt: eventAt.toISOString() } : {}),
  };
}

export type CountedRow = { bar: number; status: DeliveryStatus; count: number };

/**
 * Reads the delivery log as the caller's organizations, with a 5 s statement timeout. Searches run in functions of the
 * database, whose plans are kept.
 */
export function createDeliveryStore(database: Database) {
  const read = <T>(organizationIds: readonly string[], work: (tx: Transaction<Tables>) => Promise<T>) =>
    database.asOrganizations(organizationIds, work, { statementTimeoutMs: timeoutMs });

  return {
    /** Matches newest first, after the place. */
    list: (
      organizationIds: readonly string[],
      filter: DeliveryFilter,
      after: { createdAt: string; id: string } | undefined,
      limit: number,
    ): Promise<DeliveryRow[]> =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql<DeliveryRow>`
          with found as materialized (
            select id, created_at from wheelhouse.find_webhook_deliveries(
              ${searchFilter(organizationIds, filter)}::jsonb, ${after?.createdAt ?? null}::timestamptz,
              ${after?.id ?? null}::uuid, ${limit}::int)
          )
          select * from wheelhouse.show_webhook_deliveries(
            array(select id from found), array(select created_at from found))
        `.execute(tx);
        return rows;
      }),

    /** Rows for the live list by id, newest first, at most 50; omits ids of other organizations. */
    async heads(organizationId: string, ids: readonly string[]): Promise<Delivery[]> {
      const wanted = ids.slice(0, 50);
      return read([organizationId], async (tx) => {
        const { rows } = await sql<DeliveryRow>`
          select * from wheelhouse.show_webhook_deliveries(
            ${wanted}::uuid[], ${wanted.map((id) => timeOfId(id))}::timestamptz[])
        `.execute(tx);
        return rows.map(deliveryOf);
      });
    },

    /**
     * Matches by status, in bars of `barMs` from `fromMs` on, a multiple of it, or all in bar 0. Exact, except that the matches of a text
     * are counted up to 10,001.
     */
    count: (
      organizationIds: readonly string[],
      filter: DeliveryFilter,
      { fromMs, toMs, barMs }: { fromMs: number; toMs: number; barMs: number | null },
    ): Promise<CountedRow[]> =>
      read(organizationIds, async (tx) => {
        const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
        const asked = searchFilter(organizationIds, { ...filter, from, to });
        const { rows } = await (filter.q === undefined
          ? sql<CountedRow>`
              select bar, status, count from wheelhouse.count_webhook_deliveries(
                ${asked}::jsonb, ${from}::timestamptz, ${to}::timestamptz, ${barMs}::bigint, false)`
          : sql<CountedRow>`
              with found as materialized (
                select id, created_at from wheelhouse.find_webhook_deliveries(${asked}::jsonb, null, null, ${textCap})
              )
              select case when ${barMs}::bigint is null then 0 else
                  floor(extract(epoch from d.created_at - ${from}::timestamptz) * 1000 / ${barMs}::bigint)::int end as bar,
                case when d.claimed_at is null then d.status else 'processing' end as status, count(*)::int as count
              from wheelhouse.show_webhook_deliveries(
                array(select id from found), array(select created_at from found)) d
              group by 1, 2`
        ).execute(tx);
        return rows;
      }),
  };
}

export type DeliveryStore = ReturnType<typeof createDeliveryStore>;

/** A delivery as this feature's queries read it, with the names of its source and endpoint. */
export type DeliveryRow = {
  id: string;
  event_id: string;
  event_type: string;
  source_id: string;
  source_name: string | null;
  endpoint_id: string;
  endpoint_name: string | null;
  endpoint_url: string | null;
  status: "pending" | "completed" | "failed" | "dead_letter" | "discarded";
  attempts: number;
  max_attempts: number;
  generation: number;
  version: number;
  received_at: Date;
  last_attempt_at: Date | null;
  next_attempt_at: Date | null;
  completed_at: Date | null;
  last_status_code: number | null;
  error_class: string | null;
  error_message: string | null;
  created_at: Date;
  claimed_at: Date | null;
};

/** Columns and joins for a relation `d` of delivery rows, joined after the limit to cap look-ups at 200. */
export const deliveryColumns: RawBuilder<unknown> = sql`
  d.id, d.event_id, d.event_type, d.source_id, s.name as source_name, d.endpoint_id, e.name as endpoint_name,
  e.url as endpoint_url, d.status, d.attempts, d.max_attempts, d.generation, d.version, d.received_at,
  d.last_attempt_at, d.next_attempt_at, d.completed_at, d.last_status_code, d.error_class, d.error_message,
  d.created_at, c.started_at as claimed_at`;
export const deliveryJoins: RawBuilder<unknown> = sql`
  left join webhook_sources s on s.id = d.source_id
  left join webhook_endpoints e on e.id = d.endpoint_id
  left join webhook_claims c on c.delivery_id = d.id`;

const iso = (date: Date | null) => (date === null ? null : date.toISOString());

/** An error class written by a newer version appears as `protocol` instead of failing. */
export const knownErrorClass = (text: string | null) =>
  text === null ? null : errorClass.catch("protocol").parse(text);

export function deliveryOf(row: DeliveryRow): Delivery {
  const processing = row.claimed_at !== null;
  return {
    id: row.id,
    eventId: row.event_id,
    eventType: row.event_type,
    sourceId: row.source_id,
    sourceName: row.source_name ?? "deleted source",
    endpointId: row.endpoint_id,
    endpointName: row.endpoint_name ?? "deleted endpoint",
    endpointUrl: row.endpoint_url ?? "",
    status: processing ? "processing" : row.status,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    generation: row.generation,
    receivedAt: row.received_at.toISOString(),
    lastAttemptAt: iso(row.claimed_at ?? row.last_attempt_at),
    nextAttemptAt: processing ? null : iso(row.next_attempt_at),
    completedAt: iso(row.completed_at),
    lastStatusCode: row.last_status_code,
    errorClass: knownErrorClass(row.error_class),
    errorMessage: row.error_message,
  };
}
