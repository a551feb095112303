import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { type Delivery, errorClass, type listDeliveries } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { type RawBuilder, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { timeOfId } from "../ids.ts";
import type { barsOf } from "./bars.ts";

type ListQuery = EndpointParsed<typeof listDeliveries>["query"];
export type DeliveryFilter = Omit<ListQuery, "cursor" | "limit" | "includeChildren">;

const timeoutMs = 5_000;
const countCap = 10_001;
const countedStatuses = ["pending", "completed", "failed", "dead_letter", "discarded"] as const;

const all = (conditions: RawBuilder<unknown>[]) =>
  conditions.length === 0 ? sql`` : sql`and ${sql.join(conditions, sql` and `)}`;

/** Text search covers the error, event id and event type of rows that match the other filters. */
export function conditionsOf(filter: Omit<DeliveryFilter, "status">): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = [];
  if (filter.endpointId) conditions.push(sql`d.endpoint_id = any(${filter.endpointId}::uuid[])`);
  if (filter.eventType) conditions.push(sql`d.event_type = any(${filter.eventType}::text[])`);
  if (filter.errorClass) conditions.push(sql`d.error_class = any(${filter.errorClass}::text[])`);
  if (filter.from) conditions.push(sql`d.created_at >= ${filter.from}::timestamptz`);
  if (filter.to) conditions.push(sql`d.created_at < ${filter.to}::timestamptz`);
  if (filter.q) {
    const pattern = `%${filter.q.replace(/[\\%_]/g, "\\$&")}%`;
    conditions.push(sql`(d.error_message ilike ${pattern} or d.event_id = ${filter.q}
      or d.event_type ilike ${pattern} or d.id::text = ${filter.q.toLowerCase()})`);
  }
  return conditions;
}

/**
 * A row with a claim is `processing` whatever its stored status; every other status requires that there is
 * no claim.
 */
function statusCondition(statuses: DeliveryFilter["status"]): RawBuilder<unknown>[] {
  if (!statuses) return [];
  const claimed = sql`exists (select from webhook_claims c where c.delivery_id = d.id)`;
  const stored = statuses.filter((status) => status !== "processing");
  const open = stored.some((status) => status === "pending" || status === "failed");
  const byStatus = sql`d.status = any(${stored}::text[])${open ? sql` and not ${claimed}` : sql``}`;
  if (!statuses.includes("processing")) return [byStatus];
  const processing = sql`d.id in (select c.delivery_id from webhook_claims c)`;
  return [stored.length === 0 ? processing : sql`(${processing} or (${byStatus}))`];
}

/** Reads the delivery log as the caller's organizations, with a 5 s statement timeout. */
export function createDeliveryStore(database: Database) {
  const read = <T>(organizationIds: readonly string[], work: (tx: Transaction<Tables>) => Promise<T>) =>
    database.asOrganizations(organizationIds, work, { statementTimeoutMs: timeoutMs });

  return {
    /**
     * Newest first. Merges one index scan per organization, because `any` over the organizations would have
     * to sort.
     */
    async list(
      organizationIds: readonly string[],
      { status, ...filter }: DeliveryFilter,
      after: { createdAt: string; id: string } | undefined,
      limit: number,
    ): Promise<DeliveryRow[]> {
      const conditions = [...statusCondition(status), ...conditionsOf(filter)];
      if (after)
        conditions.push(sql`(d.created_at, d.id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`);
      return read(organizationIds, async (tx) => {
        const { rows } = await sql<DeliveryRow>`
          with page as (
            select d.* from unnest(${organizationIds}::uuid[]) as o(org_id)
            cross join lateral (
              select d.* from webhook_delivery_log d
              where d.org_id = o.org_id ${all(conditions)}
              order by d.created_at desc, d.id desc limit ${limit}
            ) d
            order by d.created_at desc, d.id desc limit ${limit}
          )
          select ${deliveryColumns} from page d ${deliveryJoins}
          order by d.created_at desc, d.id desc
        `.execute(tx);
        return rows;
      });
    },

    /** Rows for the live list by id, newest first, at most 50; omits ids of other organizations. */
    async heads(organizationId: string, ids: readonly string[]): Promise<Delivery[]> {
      const wanted = ids.slice(0, 50).map((id) => ({ id, created_at: timeOfId(id) }));
      return read([organizationId], async (tx) => {
        const { rows } = await sql<DeliveryRow>`
          select ${deliveryColumns}
          from json_to_recordset(${JSON.stringify(wanted)}::json) as w(id uuid, created_at timestamptz)
          join webhook_delivery_log d on d.id = w.id and d.created_at = w.created_at
            and d.org_id = ${organizationId}::uuid
          ${deliveryJoins}
          order by d.created_at desc, d.id desc
        `.execute(tx);
        return rows.map(deliveryOf);
      });
    },

    /** Counts by status, each capped at 10,001, and a histogram of the range by bar. */
    async summarize(
      organizationIds: readonly string[],
      { status, ...filter }: DeliveryFilter,
      fromMs: number,
      toMs: number,
      { firstMs, barMs }: Pick<ReturnType<typeof barsOf>, "firstMs" | "barMs">,
    ) {
      const ranged = { ...filter, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
      const conditions = conditionsOf(ranged);
      return read(organizationIds, async (tx) => {
        const counted = sql.join(
          [...countedStatuses, "processing" as const].map(
            (name) => sql`(select count(*) from (
              select from webhook_delivery_log d
              where d.org_id = any(${organizationIds}::uuid[])
                ${all([...statusCondition([name]), ...conditions])}
              limit ${countCap}) capped)::int as ${sql.ref(name)}`,
          ),
        );
        const { rows: counts } = await sql<Record<string, number>>`select ${counted}`.execute(tx);
        const { rows: histogram } = await sql<{ bar: number; status: string; count: number }>`
          select floor(extract(epoch from d.created_at - ${new Date(firstMs).toISOString()}::timestamptz) * 1000 / ${barMs})::int as bar,
            d.status, count(*)::int as count
          from webhook_delivery_log d
          where d.org_id = any(${organizationIds}::uuid[])
            ${all([...statusCondition(status), ...conditions])}
          group by 1, 2
        `.execute(tx);
        return { counts: counts[0] ?? {}, histogram };
      });
    },
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
