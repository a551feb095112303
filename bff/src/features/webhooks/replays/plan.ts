import {
  type ReplayExclusion,
  type ReplayFilter,
  replayExclusions,
  replayItemsMax,
} from "@wheelhouse/shared/webhooks/replays.ts";
import type { DeliveryStatus } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { conditionsOfSet, searched, searchFilter, someOf } from "../log/log.ts";

/** Deliveries whose attempts ended without success: only these can be replayed. */
export const replayable = ["dead_letter", "discarded"] as const;
const countCap = 10_001;
const timeoutMs = 12_000;

type Group = {
  endpoint_id: string;
  excluded: ReplayExclusion | null;
  count: number;
  oldest: Date;
  newest: Date;
  maybe_twice: number;
  event_types: string[];
};

export type Frozen = {
  total: number;
  plan: Tables["webhook_replays"]["plan"]["__select__"];
  endpoints: { endpointId: string; count: number; eventTypes: string[] }[];
};

/**
 * Takes a snapshot of the replayable deliveries that match, oldest first and at most 100,000, as items of the
 * run `replayId`; counts those left out. Runs in the transaction of the plan's audit event, with the
 * application's role.
 */
export async function freeze(
  tx: Transaction<Tables>,
  { replayId, organizationId, filter }: { replayId: string; organizationId: string; filter: ReplayFilter },
): Promise<Frozen> {
  await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx);
  const conditions = conditionsOfSet(filter);
  const wanted = someOf(filter.status);
  const taken = replayable.filter((status) => !wanted || wanted.includes(status));
  const inStatus = (statuses: readonly string[]) => sql`d.org_id = ${organizationId}::uuid
    and d.status = any(${statuses}::text[]) and ${conditions}`;
  const { rows: groups } = await sql<Group>`
    with matches as materialized (
      select d.id, d.created_at, d.generation, d.endpoint_id, d.event_id, d.event_type, d.error_class, d.received_at
      from webhook_delivery_log d where ${inStatus(taken)}
      order by d.created_at, d.id limit ${replayItemsMax}
    ), judged as materialized (
      select m.*, case
        when c.delivery_id is not null then 'in_flight'
        when e.id is null or e.deleted_at is not null or not e.enabled then 'endpoint_off'
        when v.event_id is null then 'payload_gone'
        when exists (
          select from webhook_replay_items i join webhook_replays r on r.id = i.replay_id
          where i.delivery_id = m.id and i.state = 'waiting' and r.state in ('running', 'paused')
        ) then 'other_replay' end as excluded
      from matches m
      left join webhook_endpoints e on e.id = m.endpoint_id
      left join webhook_events v on v.event_id = m.event_id and v.created_at = m.created_at
      left join webhook_claims c on c.delivery_id = m.id
    ), frozen as (
      insert into webhook_replay_items (delivery_id, replay_id, org_id, endpoint_id, delivery_created_at, generation)
      select id, ${replayId}::uuid, ${organizationId}::uuid, endpoint_id, created_at, generation
      from judged where excluded is null
    )
    select endpoint_id, excluded, count(*)::int as count, min(received_at) as oldest, max(received_at) as newest,
      count(*) filter (where error_class in ('timeout', 'shutdown', 'outcome_unknown'))::int as maybe_twice,
      (array_agg(distinct event_type))[1:5] as event_types
    from judged group by endpoint_id, excluded
  `.execute(tx);

  const counted = async (statuses: readonly DeliveryStatus[], cap: number) => {
    const some = statuses.filter((status) => !wanted || wanted.some((each) => each === status));
    if (some.length === 0) return 0;
    // Few have an id that is asked for, and an index holds just those that can be replayed; all others are searched.
    const matches =
      filter.ids || filter.failedIn || statuses === replayable
        ? sql`select from webhook_delivery_log d where ${inStatus(some)} limit ${cap}`
        : sql`select from wheelhouse.find_webhook_deliveries(
          ${searchFilter([organizationId], { ...searched(filter), status: some })}::jsonb, null, null, ${cap})`;
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from (${matches}) capped
    `.execute(tx);
    return rows[0]?.count ?? 0;
  };
  return frozenOf(groups, {
    matching: await counted(replayable, replayItemsMax + 1),
    inFlight: await counted(["pending", "processing", "failed"], countCap),
    completed: await counted(["completed"], countCap),
  });
}

function frozenOf(
  groups: readonly Group[],
  { matching, inFlight, completed }: { matching: number; inFlight: number; completed: number },
): Frozen {
  const set = groups.filter(({ excluded }) => excluded === null);
  const sum = (of: readonly Group[], part: "count" | "maybe_twice") =>
    of.reduce((total, group) => total + group[part], 0);
  const also: Partial<Record<ReplayExclusion, number>> = { in_flight: inFlight, completed };
  const excluded = replayExclusions
    .map((why) => ({
      why,
      count:
        (also[why] ?? 0) +
        sum(
          groups.filter((group) => group.excluded === why),
          "count",
        ),
    }))
    .filter(({ count }) => count > 0);
  const edge = (pick: (...ms: number[]) => number, times: Date[]) =>
    times.length === 0 ? null : new Date(pick(...times.map((time) => time.getTime()))).toISOString();
  return {
    total: sum(set, "count"),
    endpoints: set.map(({ endpoint_id, count, event_types }) => ({
      endpointId: endpoint_id,
      count,
      eventTypes: event_types,
    })),
    plan: {
      matched: Math.min(matching, replayItemsMax) + inFlight + completed,
      matchedIsBound: matching > replayItemsMax || inFlight >= countCap || completed >= countCap,
      isCut: matching > replayItemsMax,
      excluded,
      oldestAt: edge(
        Math.min,
        set.map(({ oldest }) => oldest),
      ),
      newestAt: edge(
        Math.max,
        set.map(({ newest }) => newest),
      ),
      maybeTwice: sum(set, "maybe_twice"),
    },
  };
}
