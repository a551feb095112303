import type { ReplayPhase } from "@wheelhouse/shared/webhooks/replays.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Lane } from "./pace.ts";
import { replayable } from "./plan.ts";

/** `isOff`: the endpoint was disabled or deleted, so nothing more can be sent to it. */
export type EndpointLane = Lane & { endpointId: string; name: string; isOff: boolean };
export type Begun = { deliveryId: string; endpointId: string; generation: number };
export type Outcomes = Map<string, { ok: number; bad: number }>;

type LaneRow = {
  endpoint_id: string;
  phase: ReplayPhase;
  cause: string | null;
  waits_for_breaker: boolean;
  total: number;
  sent: number;
  succeeded: number;
  failed: number;
  skipped: number;
  canary_sent: number;
  canary_ok: number;
  canary_bad: number;
  failed_in_row: number;
  rate: number | null;
  budget: number;
  paced_at: Date;
  window_at: Date;
  window_ok: number;
  window_bad: number;
  name: string | null;
  is_off: boolean;
};
type Picked = { delivery_id: string; delivery_created_at: Date; generation: number; endpoint_id: string };

/** One attempt only: a failed delivery stays a dead letter, and the run reports it. */
const attemptsOfReplay = 1;

/** The statements of one step of a run; all run in the step's transaction, which locks the run's row. */
export const replaySteps = {
  lanes: async (tx: Transaction<Tables>, replayId: string): Promise<EndpointLane[]> => {
    const { rows } = await sql<LaneRow>`
      select l.*, e.name, not coalesce(e.enabled and e.deleted_at is null, false) as is_off
      from webhook_replay_endpoints l left join webhook_endpoints e on e.id = l.endpoint_id
      where l.replay_id = ${replayId}::uuid order by l.endpoint_id
    `.execute(tx);
    return rows.map((row) => ({
      endpointId: row.endpoint_id,
      name: row.name ?? "",
      isOff: row.is_off,
      phase: row.phase,
      cause: row.cause,
      waitsForBreaker: row.waits_for_breaker,
      total: row.total,
      sent: row.sent,
      succeeded: row.succeeded,
      failed: row.failed,
      skipped: row.skipped,
      canarySent: row.canary_sent,
      canaryOk: row.canary_ok,
      canaryBad: row.canary_bad,
      failedInRow: row.failed_in_row,
      rate: row.rate,
      budget: row.budget,
      pacedAtMs: row.paced_at.getTime(),
      windowAtMs: row.window_at.getTime(),
      windowOk: row.window_ok,
      windowBad: row.window_bad,
    }));
  },

  saveLanes: async (tx: Transaction<Tables>, replayId: string, lanes: readonly EndpointLane[]) => {
    const rows = lanes.map(({ pacedAtMs, windowAtMs, ...lane }) => ({
      ...lane,
      pacedAt: new Date(pacedAtMs),
      windowAt: new Date(windowAtMs),
    }));
    await sql`
      update webhook_replay_endpoints l set phase = n.phase, cause = n.cause,
        waits_for_breaker = n."waitsForBreaker", sent = n.sent,
        succeeded = n.succeeded, failed = n.failed, skipped = n.skipped, canary_sent = n."canarySent",
        canary_ok = n."canaryOk", canary_bad = n."canaryBad", failed_in_row = n."failedInRow", rate = n.rate,
        budget = n.budget, paced_at = n."pacedAt", window_at = n."windowAt", window_ok = n."windowOk",
        window_bad = n."windowBad"
      from json_to_recordset(${JSON.stringify(rows)}::json) as n("endpointId" uuid, phase text, cause text,
        "waitsForBreaker" boolean, sent int, succeeded int, failed int, skipped int, "canarySent" int, "canaryOk" int, "canaryBad" int,
        "failedInRow" int, rate double precision, budget double precision, "pacedAt" timestamptz,
        "windowAt" timestamptz, "windowOk" int, "windowBad" int)
      where l.replay_id = ${replayId}::uuid and l.endpoint_id = n."endpointId"
    `.execute(tx);
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
      outcomes: new Map(found?.groups?.map(({ endpoint_id, ok, bad }) => [endpoint_id, { ok, bad }])),
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
    wanted: readonly { endpointId: string; count: number }[],
    now: Date,
  ): Promise<{ begun: Begun[]; skipped: Map<string, number> }> => {
    const { rows: picked } = await sql<Picked>`
      select i.* from json_to_recordset(${JSON.stringify(wanted)}::json) as w("endpointId" uuid, count int)
      cross join lateral (
        select delivery_id, delivery_created_at, generation, endpoint_id from webhook_replay_items
        where replay_id = ${replayId}::uuid and endpoint_id = w."endpointId" and state = 'waiting'
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
    const begun = rows.map((row) => ({
      deliveryId: row.id,
      endpointId: row.endpoint_id,
      generation: row.generation,
    }));
    const ids = new Set(rows.map(({ id }) => id));
    const left = picked.filter(({ delivery_id }) => !ids.has(delivery_id));
    const note = (items: readonly string[], state: string, why: string | null) => sql`
      update webhook_replay_items set state = ${state}, why = ${why}
      where replay_id = ${replayId}::uuid and delivery_id = any(${items}::uuid[])
    `;
    if (begun.length > 0) await note([...ids], "sent", null).execute(tx);
    const skipped = new Map<string, number>();
    if (left.length === 0) return { begun, skipped };
    const changed = left.map(({ delivery_id }) => delivery_id);
    await note(changed, "skipped", "changed").execute(tx);
    for (const { endpoint_id } of left) skipped.set(endpoint_id, (skipped.get(endpoint_id) ?? 0) + 1);
    return { begun, skipped };
  },

  /** @returns how many deliveries of a disabled endpoint were skipped, at most `limit`. */
  skip: async (
    tx: Transaction<Tables>,
    replayId: string,
    endpointId: string,
    limit: number,
  ): Promise<number> => {
    const { numAffectedRows = 0n } = await sql`
      update webhook_replay_items set state = 'skipped', why = 'endpoint_off'
      where replay_id = ${replayId}::uuid and delivery_id in (
        select delivery_id from webhook_replay_items
        where replay_id = ${replayId}::uuid and endpoint_id = ${endpointId}::uuid and state = 'waiting'
        limit ${limit})
    `.execute(tx);
    return Number(numAffectedRows);
  },
} as const;
