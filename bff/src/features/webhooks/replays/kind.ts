import type { ReplayFilter } from "@wheelhouse/shared/webhooks/replays.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AuditFields } from "#lib/change.ts";
import { type Events, mostChangedIds } from "#lib/events.ts";
import type { Begun, LaneFacts, Outcomes, RunConfig, RunItem, RunKind, Wanted } from "#runs/runs.ts";
import type { Breakers } from "../breaker.ts";
import type { Doorbell } from "../delivery/delivery.ts";
import { freeze, replayable } from "./plan.ts";

type ReplayItem = RunItem & { deliveryId: string; generation: number };
type Picked = { delivery_id: string; delivery_created_at: Date; generation: number; endpoint_id: string };
type EndpointFacts = { endpoint_id: string; name: string | null; is_off: boolean };

/** One attempt only: a failed delivery stays a dead letter, and the run reports it. */
const attemptsOfReplay = 1;

const count = (total: number) => `${total} ${total === 1 ? "delivery" : "deliveries"}`;

/** The set fields of a filter; ids, of which there may be many, as their number. */
function filterFields({ ids, ...filter }: ReplayFilter): AuditFields {
  const set = Object.entries({ ...filter, ids: ids?.length }).filter(
    (entry): entry is [string, string | number | string[]] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}

/** Replays of deliveries as a kind of run: one lane an endpoint, whose breaker is the lane's gate. */
export const createReplayKind = ({
  breakers,
  doorbell,
  events,
  config,
}: {
  breakers: Pick<Breakers, "view" | "isProbeDue" | "probeNow">;
  doorbell: Pick<Doorbell, "ring">;
  events: Pick<Events, "emit">;
  config: RunConfig;
}): RunKind<ReplayItem, ReplayFilter> => ({
  noun: "replay",
  lane: "endpoint",
  items: "deliveries",
  config,
  tables: {
    runs: "webhook_replays",
    lanes: "webhook_replay_endpoints",
    journal: "webhook_replay_journal",
    runId: "replay_id",
    laneId: "endpoint_id",
  },
  actions: {
    plan: "webhooks.replay.plan",
    start: "webhooks.replay.start",
    pause: "webhooks.replay.pause",
    resume: "webhooks.replay.resume",
    cancel: "webhooks.replay.cancel",
    lane: "webhooks.replay.steer",
    complete: "webhooks.replay.complete",
    expire: "webhooks.replay.expire",
  },
  laneDone: "endpoint_done",
  target: ({ id, total }) => ({ type: "webhook-replay", id, name: `Replay of ${count(total)}` }),
  filterFields,

  async freeze(tx, { id, organizationId, createdAt }, filter) {
    const { total, plan, endpoints } = await freeze(tx, { replayId: id, organizationId, filter });
    if (endpoints.length > 0)
      await tx
        .insertInto("webhook_replay_endpoints")
        .values(
          endpoints.map((endpoint) => ({
            replay_id: id,
            org_id: organizationId,
            endpoint_id: endpoint.endpointId,
            total: endpoint.count,
            event_types: endpoint.eventTypes,
            paced_at: createdAt,
            window_at: createdAt,
          })),
        )
        .execute();
    return { total, plan, excluded: plan.excluded.reduce((sum, each) => sum + each.count, 0) };
  },

  ...replaySteps,
  gate: (endpointId) => (breakers.isProbeDue(endpointId) ? "probe_due" : breakers.view(endpointId).state),
  async resumed(endpointIds) {
    await Promise.all(endpointIds.map((endpointId) => breakers.probeNow(endpointId)));
  },
  async effect({ org_id }, begun) {
    events.emit("deliveries.changed", {
      organizationId: org_id,
      ids: begun.slice(-mostChangedIds).map(({ deliveryId }) => deliveryId),
      created: 0,
    });
    // Jobs that cannot be made now are made by the sweeper.
    await doorbell.ring(
      begun.map(({ deliveryId, laneId, generation }) => ({
        deliveryId,
        endpointId: laneId,
        generation,
        attempt: 1,
        delayMs: 0,
      })),
    );
  },
  changed: (organizationId, id) => events.emit("replays.changed", { organizationId, ids: [id], created: 0 }),
});

/** The statements of one step of a run; all run in the step's transaction, which locks the run's row. */
const replaySteps = {
  describe: async (tx: Transaction<Tables>, replayId: string): Promise<Map<string, LaneFacts>> => {
    const { rows } = await sql<EndpointFacts>`
      select l.endpoint_id, e.name, not coalesce(e.enabled and e.deleted_at is null, false) as is_off
      from webhook_replay_endpoints l left join webhook_endpoints e on e.id = l.endpoint_id
      where l.replay_id = ${replayId}::uuid
    `.execute(tx);
    return new Map(rows.map((row) => [row.endpoint_id, { name: row.name ?? "", isOff: row.is_off }]));
  },

  /**
   * Reads up to `limit` sent deliveries after `after` and records their outcomes.
   * @returns `next`: where to continue, null after the last.
   */
  settle: async (
    tx: Transaction<Tables>,
    replayId: string,
    after: string | null,
    limit: number,
  ): Promise<{ outcomes: Outcomes; next: string | null }> => {
    const { rows } = await sql<{
      groups: { endpoint_id: string; ok: number; bad: number }[] | null;
      looked: number;
      last: string | null;
    }>`
      with looked as materialized (
        select delivery_id, delivery_created_at, generation, endpoint_id from webhook_replay_items
        where replay_id = ${replayId}::uuid and state = 'sent'
          ${after === null ? sql`` : sql`and delivery_id > ${after}::uuid`}
        order by delivery_id limit ${limit}
      ), ended as materialized (
        select l.delivery_id, l.endpoint_id, d.last_status_code, d.error_class,
          coalesce(d.generation = l.generation + 1 and d.status = 'completed', false) as ok
        from looked l
        left join webhook_delivery_log d on d.id = l.delivery_id and d.created_at = l.delivery_created_at
        where d.id is null or d.generation > l.generation + 1 or d.status in ('completed', 'dead_letter')
          -- A running attempt can still succeed.
          or (d.status = 'discarded' and not exists (select from webhook_claims c where c.delivery_id = d.id))
      ), noted as (
        update webhook_replay_items i set state = case when e.ok then 'succeeded' else 'failed' end,
          status_code = e.last_status_code, error_class = e.error_class
        from ended e where i.delivery_id = e.delivery_id and i.replay_id = ${replayId}::uuid
      )
      select (select json_agg(g) from (
          select endpoint_id, count(*) filter (where ok) as ok, count(*) filter (where not ok) as bad
          from ended group by endpoint_id) g) as groups,
        (select count(*)::int from looked) as looked,
        (select delivery_id from looked order by delivery_id desc limit 1) as last
    `.execute(tx);
    const found = rows[0];
    return {
      outcomes: new Map(
        found?.groups?.map(({ endpoint_id, ok, bad }) => [endpoint_id, { ok, bad, undone: 0 }]),
      ),
      next: found?.looked === limit ? found.last : null,
    };
  },

  /**
   * Starts a new generation of the oldest waiting deliveries, up to a number per endpoint. A delivery that
   * changed since the snapshot is skipped: someone else replayed it, or an attempt is running.
   */
  begin: async (
    tx: Transaction<Tables>,
    replayId: string,
    wanted: readonly Wanted[],
    now: Date,
  ): Promise<Begun<ReplayItem>> => {
    const { rows: picked } = await sql<Picked>`
      select i.* from json_to_recordset(${JSON.stringify(wanted)}::json) as w("laneId" uuid, count int)
      cross join lateral (
        select delivery_id, delivery_created_at, generation, endpoint_id from webhook_replay_items
        where replay_id = ${replayId}::uuid and endpoint_id = w."laneId" and state = 'waiting'
        order by delivery_id limit w.count
      ) i
    `.execute(tx);
    // From here on by id, like the workers, so that each row is looked up without scanning a partition.
    const { rows } = await sql<{ id: string; endpoint_id: string; generation: number }>`
      with held as materialized (
        select d.id, d.created_at
        from json_to_recordset(${JSON.stringify(picked)}::json)
          as p(delivery_id uuid, delivery_created_at timestamptz, generation int, endpoint_id uuid)
        join webhook_delivery_log d on d.id = p.delivery_id and d.created_at = p.delivery_created_at
        where d.generation = p.generation and d.status = any(${replayable}::text[])
          -- Only a discarded delivery may still be running; a join would read all claims for each row.
          and (d.status = 'dead_letter' or not exists (select from webhook_claims c where c.delivery_id = d.id))
        order by d.id for no key update of d
      )
      update webhook_delivery_log d set status = 'pending', generation = d.generation + 1,
        generation_started_at = ${now}::timestamptz, version = d.version + 1, attempts = 0,
        max_attempts = ${attemptsOfReplay}, next_attempt_at = ${now}::timestamptz, next_trigger = 'replay',
        job_id = d.id::text || '_' || (d.generation + 1) || '_1'
      from held h where d.id = h.id and d.created_at = h.created_at
      returning d.id, d.endpoint_id, d.generation
    `.execute(tx);
    const items = rows.map((row) => ({
      laneId: row.endpoint_id,
      deliveryId: row.id,
      generation: row.generation,
    }));
    const begun = new Set(rows.map(({ id }) => id));
    const left = picked.filter(({ delivery_id }) => !begun.has(delivery_id));
    const note = (ids: readonly string[], state: string, why: string | null) => sql`
      update webhook_replay_items set state = ${state}, why = ${why}
      where replay_id = ${replayId}::uuid and delivery_id = any(${ids}::uuid[])
    `;
    if (items.length > 0) await note([...begun], "sent", null).execute(tx);
    const skipped = new Map<string, number>();
    if (left.length === 0) return { items, skipped };
    const changed = left.map(({ delivery_id }) => delivery_id);
    await note(changed, "skipped", "changed").execute(tx);
    for (const { endpoint_id } of left) skipped.set(endpoint_id, (skipped.get(endpoint_id) ?? 0) + 1);
    return { items, skipped };
  },

  /** Skips what waits for an endpoint that is disabled, or that a person left out. */
  skip: async (
    tx: Transaction<Tables>,
    replayId: string,
    { laneId, isSkipped }: { laneId: string; isSkipped: boolean },
    limit: number,
  ): Promise<number> => {
    const { numAffectedRows = 0n } = await sql`
      update webhook_replay_items set state = 'skipped', why = ${isSkipped ? "left_out" : "endpoint_off"}
      where replay_id = ${replayId}::uuid and delivery_id in (
        select delivery_id from webhook_replay_items
        where replay_id = ${replayId}::uuid and endpoint_id = ${laneId}::uuid and state = 'waiting'
        limit ${limit})
    `.execute(tx);
    return Number(numAffectedRows);
  },
} as const;
