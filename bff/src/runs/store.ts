import type { RunPhase, RunState } from "@wheelhouse/shared/runs.ts";
import { type RawBuilder, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { LaneFacts, RunKind, RunLane, RunRow } from "./kind.ts";
import type { Happening } from "./pace.ts";

/** What the journal of a run tells; kinds name the end of a lane in their own words. */
export type Note = {
  at: Date;
  what: Happening | "planned" | RunState | "started";
  detail: string | null;
  laneId?: string;
};

type LaneRow = {
  lane_id: string;
  phase: RunPhase;
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
  is_skipped: boolean;
  rate_limit: number | null;
};

/** Changes of a run's row; a state that has moved on meanwhile is left as it is. */
type Move = Partial<
  Pick<RunRow, "state" | "cause" | "reason" | "rate" | "canary" | "started_by" | "starts_at" | "ended_at">
>;

const laneOf = (row: LaneRow, { name, isOff }: LaneFacts): RunLane => ({
  laneId: row.lane_id,
  name,
  isOff,
  isSkipped: row.is_skipped,
  rateLimit: row.rate_limit,
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
});

/** The row of a run, its lanes and its journal, in the tables of a kind. */
export function createRunStore(
  database: Database,
  { tables, laneDone }: Pick<RunKind<never, never>, "tables" | "laneDone">,
) {
  const runs = sql.table(tables.runs);
  const lanes = sql.table(tables.lanes);
  const journal = sql.table(tables.journal);
  const runId = sql.ref(tables.runId);
  const laneId = sql.ref(tables.laneId);
  const first = async (tx: Transaction<Tables>, query: RawBuilder<RunRow>): Promise<RunRow | undefined> =>
    (await query.execute(tx)).rows[0];

  return {
    insert: async (
      tx: Transaction<Tables>,
      run: Pick<RunRow, "id" | "org_id" | "planned_by" | "created_at" | "expires_at"> & { filter: string },
    ) => {
      await sql`
        insert into ${runs} (id, org_id, planned_by, created_at, expires_at, filter, plan)
        values (${run.id}, ${run.org_id}, ${run.planned_by}, ${run.created_at}, ${run.expires_at}, ${run.filter}, '{}')
      `.execute(tx);
    },

    keepPlan: async (tx: Transaction<Tables>, id: string, total: number, plan: string) => {
      await sql`update ${runs} set total = ${total}, plan = ${plan} where id = ${id}::uuid`.execute(tx);
    },

    lock: (tx: Transaction<Tables>, organizationId: string, id: string): Promise<RunRow | undefined> =>
      first(
        tx,
        sql`select * from ${runs} where id = ${id}::uuid and org_id = ${organizationId}::uuid for no key update`,
      ),

    /** Undefined while another process holds the run. */
    claim: (tx: Transaction<Tables>, id: string): Promise<RunRow | undefined> =>
      first(tx, sql`select * from ${runs} where id = ${id}::uuid for no key update skip locked`),

    /** @returns false when it is no longer in any of the states. */
    move: async (
      tx: Transaction<Tables>,
      id: string,
      from: readonly RunState[],
      to: Move,
    ): Promise<boolean> => {
      const set = sql.join(Object.entries(to).map(([column, value]) => sql`${sql.ref(column)} = ${value}`));
      const { rows } = await sql`
        update ${runs} set ${set} where id = ${id}::uuid and state = any(${from}::text[]) returning id
      `.execute(tx);
      return rows.length > 0;
    },

    note: async (
      tx: Transaction<Tables>,
      { id, org_id }: Pick<RunRow, "id" | "org_id">,
      notes: readonly Note[],
    ) => {
      if (notes.length === 0) return;
      const rows = notes.map(
        ({ at, what, detail, laneId: lane = null }) =>
          sql`(${id}, ${org_id}, ${at}, ${lane}, ${what === "lane_done" ? laneDone : what}, ${detail})`,
      );
      await sql`
        insert into ${journal} (${runId}, org_id, at, ${laneId}, what, detail) values ${sql.join(rows)}
      `.execute(tx);
    },

    lanes: async (
      tx: Transaction<Tables>,
      id: string,
      facts: ReadonlyMap<string, LaneFacts>,
    ): Promise<RunLane[]> => {
      const { rows } = await sql<LaneRow>`
        select *, ${laneId}::text as lane_id from ${lanes} where ${runId} = ${id}::uuid order by ${laneId}
      `.execute(tx);
      return rows.map((row) => laneOf(row, facts.get(row.lane_id) ?? { name: "", isOff: true }));
    },

    saveLanes: async (tx: Transaction<Tables>, id: string, changed: readonly RunLane[]) => {
      const rows = changed.map(({ pacedAtMs, windowAtMs, ...lane }) => ({
        ...lane,
        pacedAt: new Date(pacedAtMs),
        windowAt: new Date(windowAtMs),
      }));
      await sql`
        update ${lanes} l set phase = n.phase, cause = n.cause, waits_for_breaker = n."waitsForBreaker",
          sent = n.sent, succeeded = n.succeeded, failed = n.failed, skipped = n.skipped,
          canary_sent = n."canarySent", canary_ok = n."canaryOk", canary_bad = n."canaryBad",
          failed_in_row = n."failedInRow", rate = n.rate, budget = n.budget, paced_at = n."pacedAt",
          window_at = n."windowAt", window_ok = n."windowOk", window_bad = n."windowBad"
        from json_to_recordset(${JSON.stringify(rows)}::json) as n("laneId" text, phase text, cause text,
          "waitsForBreaker" boolean, sent int, succeeded int, failed int, skipped int, "canarySent" int,
          "canaryOk" int, "canaryBad" int, "failedInRow" int, rate double precision, budget double precision,
          "pacedAt" timestamptz, "windowAt" timestamptz, "windowOk" int, "windowBad" int)
        where l.${runId} = ${id}::uuid and l.${laneId}::text = n."laneId"
      `.execute(tx);
    },

    /** Stores the sums over all lanes with the run. */
    saveCounts: async (tx: Transaction<Tables>, id: string, of: readonly RunLane[]) => {
      const sum = (part: "sent" | "succeeded" | "failed" | "skipped") =>
        of.reduce((total, lane) => total + lane[part], 0);
      const counts = {
        sent: sum("sent"),
        succeeded: sum("succeeded"),
        failed: sum("failed"),
        skipped: sum("skipped"),
      };
      await sql`
        update ${runs} set sent = ${counts.sent}, succeeded = ${counts.succeeded}, failed = ${counts.failed},
          skipped = ${counts.skipped} where id = ${id}::uuid
      `.execute(tx);
      return counts;
    },

    /** Held lanes, or one of them, start again with a canary. @returns their ids. */
    resumeLanes: async (tx: Transaction<Tables>, id: string, only?: string): Promise<string[]> => {
      const { rows } = await sql<{ lane_id: string }>`
        update ${lanes} set phase = 'canary', cause = null, waits_for_breaker = false, canary_sent = 0,
          canary_ok = 0, canary_bad = 0, failed_in_row = 0
        where ${runId} = ${id}::uuid and phase = 'held'
          ${only === undefined ? sql`` : sql`and ${laneId}::text = ${only}`}
        returning ${laneId}::text as lane_id
      `.execute(tx);
      return rows.map(({ lane_id }) => lane_id);
    },

    /** Sets what a person decided about a lane. */
    setLane: async (
      tx: Transaction<Tables>,
      id: string,
      lane: string,
      to: Partial<Pick<LaneRow, "phase" | "cause" | "waits_for_breaker" | "is_skipped" | "rate_limit">>,
    ) => {
      const set = sql.join(Object.entries(to).map(([column, value]) => sql`${sql.ref(column)} = ${value}`));
      await sql`
        update ${lanes} set ${set} where ${runId} = ${id}::uuid and ${laneId}::text = ${lane}
      `.execute(tx);
    },

    /** Notes how many items of each lane have begun. */
    addRates: async (
      tx: Transaction<Tables>,
      { id, org_id }: Pick<RunRow, "id" | "org_id">,
      at: Date,
      of: readonly RunLane[],
    ) => {
      if (of.length === 0) return;
      const rows = of.map(({ laneId: lane, sent }) => sql`(${id}, ${lane}, ${at}, ${org_id}, ${sent})`);
      await sql`
        insert into run_rates (run_id, lane, at, org_id, sent) values ${sql.join(rows)} on conflict do nothing
      `.execute(tx);
    },

    /** Runs of all organizations that start items now, or wait for outcomes. */
    going: async (now: Date, limit: number): Promise<RunRow[]> => {
      const { rows } = await sql<RunRow>`
        select * from ${runs}
        where (state = 'running' or sent > succeeded + failed) and starts_at <= ${now}::timestamptz
        order by id limit ${limit}
      `.execute(database.system);
      return rows;
    },

    /** Plans that nobody started in time. */
    late: async (now: Date, limit: number): Promise<RunRow[]> => {
      const { rows } = await sql<RunRow>`
        select * from ${runs} where state = 'planned' and expires_at < ${now}::timestamptz limit ${limit}
      `.execute(database.system);
      return rows;
    },
  };
}
export type RunStore = ReturnType<typeof createRunStore>;
