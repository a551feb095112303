import { type LateFilter, lateItemsMax, unmatchedFates } from "@wheelhouse/shared/webhooks/events.ts";
import { type RawBuilder, sql, type Transaction } from "kysely";
import type { KeptLatePlan } from "#database/table-overrides.ts";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { timeOfEventId } from "../ids.ts";

const timeoutMs = 15_000;
const keptDays = 30;
const forgottenAtOnce = 1_000;

/** `settings` as stored. */
export type LateEndpoint = { id: string; name: string; url: string; enabled: boolean; settings: unknown };
export type LatePlanRow = {
  id: string;
  endpoint_id: string;
  state: "planned" | "started" | "cancelled";
  plan: KeptLatePlan;
  total: number;
  reason: string | null;
  rate: number | null;
  planned_by: string;
  started_by: string | null;
  expires_at: Date;
  starts_at: Date | null;
};
export type MadeDelivery = { id: string; event_id: string; due_at: Date };

const someOf = (values: readonly string[] | undefined) => (values?.length ? values : null);

/** Keys of the events that a filter names, at most one more than a plan holds. */
function matching(organizationId: string, endpointId: string, filter: LateFilter): RawBuilder<unknown> {
  const { ids, missed, sourceId, eventType, fate, from, to } = filter;
  const max = lateItemsMax + 1;
  if (ids) {
    const wanted = ids.flatMap((id) => {
      const createdAt = timeOfEventId(id);
      return createdAt === null ? [] : [{ event_id: id, created_at: createdAt }];
    });
    return sql`select w.event_id, w.created_at
      from json_to_recordset(${JSON.stringify(wanted)}::json) as w(event_id text, created_at timestamptz)`;
  }
  if (missed)
    return sql`select * from missed_webhook_events(${endpointId}::uuid,
      ${from ?? "-infinity"}::timestamptz, ${max}::int)`;
  return sql`select * from find_webhook_events(array[${organizationId}]::uuid[], ${someOf(sourceId)}::uuid[],
    ${someOf(eventType)}::text[], ${someOf(fate) ?? unmatchedFates}::text[], ${from ?? null}::timestamptz,
    ${to ?? null}::timestamptz, null, null, ${max}::int)`;
}

/** The matches with what keeps one from being delivered to this endpoint. */
const judged = (organizationId: string, endpointId: string, filter: LateFilter) => sql`
  found as materialized (${matching(organizationId, endpointId, filter)}),
  judged as materialized (
    select e.event_id, e.created_at, case
      when exists (
        select from webhook_delivery_log d where d.org_id = e.org_id and d.created_at = e.created_at
          and d.event_id = e.event_id and d.endpoint_id = ${endpointId}::uuid) then 'delivered'
      when e.payload is null then 'payload_gone' end as excluded
    from (select * from found order by created_at desc, event_id desc limit ${lateItemsMax}) f
    join webhook_events e on e.event_id = f.event_id and e.created_at = f.created_at
      and e.org_id = ${organizationId}::uuid
  )`;

const counted = sql`count(*) filter (where excluded is null)::int as total,
  count(*) filter (where excluded = 'delivered')::int as delivered,
  count(*) filter (where excluded = 'payload_gone')::int as payload_gone,
  min(created_at) filter (where excluded is null) as oldest,
  max(created_at) filter (where excluded is null) as newest,
  (select count(*) from found) > ${lateItemsMax} as is_cut`;
type Counted = {
  total: number;
  delivered: number;
  payload_gone: number;
  oldest: Date | null;
  newest: Date | null;
  is_cut: boolean;
};

const iso = (date: Date | null) => date?.toISOString() ?? null;

/** Plans of late deliveries. Writes take the transaction of the change that they belong to. */
export function createLateStore(database: Database) {
  async function endpoint(
    tx: Transaction<Tables>,
    organizationId: string,
    id: string,
  ): Promise<LateEndpoint | null> {
    const { rows } = await sql<LateEndpoint>`
      select id, name, url, enabled, settings from webhook_endpoints
      where id = ${id}::uuid and org_id = ${organizationId}::uuid and deleted_at is null
    `.execute(tx);
    return rows[0] ?? null;
  }

  return {
    endpoint,

    /** Fixes the matches as items of the plan `id`, and counts what is left out. */
    async freeze(
      tx: Transaction<Tables>,
      plan: { id: string; organizationId: string; endpointId: string; filter: LateFilter },
    ): Promise<{ total: number; plan: KeptLatePlan }> {
      await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx);
      const { rows } = await sql<Counted>`
        with ${judged(plan.organizationId, plan.endpointId, plan.filter)}, frozen as (
          insert into webhook_late_items (plan_id, event_id, event_created_at, org_id)
          select ${plan.id}::uuid, event_id, created_at, ${plan.organizationId}::uuid
          from judged where excluded is null
        )
        select ${counted} from judged
      `.execute(tx);
      const [row] = rows;
      if (!row) throw new Error("a count returned no row");
      return {
        total: row.total,
        plan: {
          delivered: row.delivered,
          payloadGone: row.payload_gone,
          isCut: row.is_cut,
          oldestAt: iso(row.oldest),
          newestAt: iso(row.newest),
        },
      };
    },

    /** What the endpoint missed and has not got since. */
    async countMissed(organizationId: string, endpointId: string): Promise<Counted | null> {
      return database.asOrganizations(
        [organizationId],
        async (tx) => {
          if (!(await endpoint(tx, organizationId, endpointId))) return null;
          const { rows } = await sql<Counted>`
            with ${judged(organizationId, endpointId, { missed: true })} select ${counted} from judged
          `.execute(tx);
          return rows[0] ?? null;
        },
        { statementTimeoutMs: timeoutMs },
      );
    },

    /** The plan, locked until the transaction ends; null if the organization has none of this id. */
    async lock(tx: Transaction<Tables>, organizationId: string, id: string): Promise<LatePlanRow | null> {
      const { rows } = await sql<LatePlanRow>`
        select id, endpoint_id, state, plan, total, reason, rate, planned_by, started_by, expires_at, starts_at
        from webhook_late_plans where id = ${id}::uuid and org_id = ${organizationId}::uuid for update
      `.execute(tx);
      return rows[0] ?? null;
    },

    /**
     * Creates one delivery for each item whose event has none to this endpoint yet, oldest event first. They share the
     * millisecond of their event, by which its payload is found; the lock of the endpoint's row keeps two plans apart.
     */
    async deliver(
      tx: Transaction<Tables>,
      { id, endpoint_id }: Pick<LatePlanRow, "id" | "endpoint_id">,
      {
        startsAt,
        ratePerSecond,
        maxAttempts,
      }: { startsAt: Date; ratePerSecond: number | null; maxAttempts: number },
    ): Promise<MadeDelivery[]> {
      await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx);
      await sql`select from webhook_endpoints where id = ${endpoint_id}::uuid for no key update`.execute(tx);
      const gapMs = ratePerSecond === null ? 0 : 1_000 / ratePerSecond;
      const { rows } = await sql<MadeDelivery>`
        with items as materialized (
          select i.event_id, i.event_created_at as created_at,
            ${startsAt}::timestamptz
              + (row_number() over (order by i.event_created_at, i.event_id) - 1) * ${gapMs}::float8 * interval '1 ms'
              as due_at,
            (lpad(to_hex(round(extract(epoch from i.event_created_at) * 1000)::bigint), 12, '0') || '7'
              || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid as id
          from webhook_late_items i where i.plan_id = ${id}::uuid
        ), made as (
          insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
            max_attempts, generation_started_at, next_attempt_at, job_id, created_at)
          select i.id, e.org_id, e.source_id, ${endpoint_id}::uuid, e.event_type, e.event_id, e.received_at, 'pending',
            ${maxAttempts}::int, i.due_at, i.due_at, i.id || '_1_1', e.created_at
          from items i
          join webhook_events e on e.event_id = i.event_id and e.created_at = i.created_at and e.payload is not null
          where not exists (
            select from webhook_delivery_log d where d.org_id = e.org_id and d.created_at = e.created_at
              and d.event_id = e.event_id and d.endpoint_id = ${endpoint_id}::uuid)
          returning id, event_id, created_at, next_attempt_at as due_at
        ), marked as (
          update webhook_late_items i set delivery_id = m.id from made m
          where i.plan_id = ${id}::uuid and i.event_id = m.event_id
        ), fated as (
          update webhook_events e set fate = 'later' from made m
          where e.event_id = m.event_id and e.created_at = m.created_at and e.fate <> 'matched'
        )
        select id, event_id, due_at from made order by due_at
      `.execute(tx);
      return rows;
    },

    /** Discards the deliveries of a plan that nobody has attempted. @returns their ids. */
    async discard(tx: Transaction<Tables>, id: string): Promise<string[]> {
      const { rows } = await sql<{ id: string }>`
        update webhook_delivery_log d set status = 'discarded', next_attempt_at = null, version = d.version + 1
        from webhook_late_items i
        where i.plan_id = ${id}::uuid and d.id = i.delivery_id and d.created_at = i.event_created_at
          and d.status = 'pending' and d.attempts = 0 and d.generation = 1
          and not exists (select from webhook_claims c where c.delivery_id = d.id)
        returning d.id
      `.execute(tx);
      return rows.map((row) => row.id);
    },

    /** A plan with its endpoint and what became of its deliveries; null if the organization has none of this id. */
    async read(organizationId: string, id: string) {
      return database.asOrganizations([organizationId], async (tx) => {
        const { rows } = await sql<LatePlanRow>`
          select id, endpoint_id, state, plan, total, reason, rate, planned_by, started_by, expires_at, starts_at
          from webhook_late_plans where id = ${id}::uuid and org_id = ${organizationId}::uuid
        `.execute(tx);
        const row = rows[0];
        if (!row) return null;
        const { rows: outcomes } = await sql<{ status: string; count: number }>`
          select case when c.delivery_id is null then d.status else 'processing' end as status, count(*)::int as count
          from webhook_late_items i
          join webhook_delivery_log d on d.id = i.delivery_id and d.created_at = i.event_created_at
          left join webhook_claims c on c.delivery_id = d.id
          where i.plan_id = ${id}::uuid group by 1
        `.execute(tx);
        return { row, endpoint: await endpoint(tx, organizationId, row.endpoint_id), outcomes };
      });
    },

    /** Deletes a bounded number of plans that are older than 30 days. */
    async forget(): Promise<void> {
      await sql`
        delete from webhook_late_plans where id = any(array(
          select id from webhook_late_plans where created_at < now() - ${keptDays} * interval '1 day'
          order by created_at limit ${forgottenAtOnce}))
      `.execute(database.system);
    },
  };
}
export type LateStore = ReturnType<typeof createLateStore>;
