import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Begun, LaneFacts, Outcomes, RunItem, Wanted } from "#runs/runs.ts";

export type JobItem = RunItem & { place: number; id: string; stamp: string };
/** An item that began and has no outcome yet. */
export type OpenItem = JobItem & { state: "begun" | "sent"; begunAt: Date };
/** What has become of an item: written if it is still in one of the states `from`. */
export type Answer = {
  place: number;
  id: string;
  from: "begun" | "sent";
  state: "sent" | "succeeded" | "failed" | "skipped";
  why: string | null;
};

/** Items of runs on jobs, in Postgres. */
export function createItemStore(database: Database) {
  return {
    add: async (
      tx: Transaction<Tables>,
      run: { id: string; organizationId: string },
      items: readonly JobItem[],
    ) => {
      if (items.length === 0) return;
      await sql`
        insert into job_run_items (run_id, org_id, place, lane, job_id, stamp)
        select ${run.id}::uuid, ${run.organizationId}::uuid, place, "laneId", id, stamp
        from json_to_recordset(${JSON.stringify(items)}::json) as n(place int, "laneId" text, id text, stamp text)
      `.execute(tx);
    },

    describe: async (
      tx: Transaction<Tables>,
      runId: string,
      isOff: boolean,
    ): Promise<Map<string, LaneFacts>> => {
      const { rows } = await sql<{ lane: string; job_name: string; error: string | null }>`
        select lane, job_name, error from job_run_lanes where run_id = ${runId}::uuid
      `.execute(tx);
      return new Map(
        rows.map(({ lane, job_name, error }) => [
          lane,
          { name: error === null ? job_name : `${job_name}: ${error}`, isOff },
        ]),
      );
    },

    begin: async (
      tx: Transaction<Tables>,
      runId: string,
      wanted: readonly Wanted[],
      now: Date,
    ): Promise<Begun<JobItem>> => {
      const { rows } = await sql<JobItem>`
        with picked as materialized (
          select i.place from json_to_recordset(${JSON.stringify(wanted)}::json) as w("laneId" text, count int)
          cross join lateral (
            select place from job_run_items
            where run_id = ${runId}::uuid and lane = w."laneId" and state = 'waiting' order by place limit w.count
          ) i
        )
        update job_run_items i set state = 'begun', begun_at = ${now}::timestamptz
        from picked p where i.run_id = ${runId}::uuid and i.place = p.place
        returning i.place, i.lane as "laneId", i.job_id as id, i.stamp
      `.execute(tx);
      return { items: rows.sort((a, b) => a.place - b.place), skipped: new Map() };
    },

    skip: async (
      tx: Transaction<Tables>,
      runId: string,
      { laneId, isSkipped }: { laneId: string; isSkipped: boolean },
      limit: number,
    ): Promise<number> => {
      const { numAffectedRows = 0n } = await sql`
        update job_run_items set state = 'skipped', why = ${isSkipped ? "left_out" : "queue_gone"}
        where run_id = ${runId}::uuid and place in (
          select place from job_run_items
          where run_id = ${runId}::uuid and lane = ${laneId} and state = 'waiting' limit ${limit})
      `.execute(tx);
      return Number(numAffectedRows);
    },

    /** Writes answers that are still news. @returns by lane what they change. */
    settle: async (tx: Transaction<Tables>, runId: string, answers: readonly Answer[]): Promise<Outcomes> => {
      if (answers.length === 0) return new Map();
      const { rows } = await sql<{ lane: string; ok: number; bad: number; undone: number }>`
        with written as (
          update job_run_items i set state = n.state, why = n.why
          from json_to_recordset(${JSON.stringify(answers)}::json) as n(place int, "from" text, state text, why text)
          where i.run_id = ${runId}::uuid and i.place = n.place and i.state = n."from"
          returning i.lane, i.state
        )
        select lane, count(*) filter (where state = 'succeeded')::int as ok,
          count(*) filter (where state = 'failed')::int as bad,
          count(*) filter (where state = 'skipped')::int as undone
        from written where state <> 'sent' group by lane
      `.execute(tx);
      return new Map(rows.map(({ lane, ok, bad, undone }) => [lane, { ok, bad, undone }]));
    },

    /** Items that began before `interruptedBefore` without a verdict. */
    interrupted: async (runId: string, interruptedBefore: Date, limit: number): Promise<OpenItem[]> => {
      const { rows } = await sql<OpenItem>`
        select place, lane as "laneId", job_id as id, stamp, state, begun_at as "begunAt" from job_run_items
        where run_id = ${runId}::uuid and state in ('begun', 'sent') and state = 'begun'
          and begun_at < ${interruptedBefore}::timestamptz
        order by place limit ${limit}
      `.execute(database.system);
      return rows;
    },

    /** Retried items after a place, whose outcome is still to come. */
    sent: async (runId: string, after: number | null, limit: number): Promise<OpenItem[]> => {
      const { rows } = await sql<OpenItem>`
        select place, lane as "laneId", job_id as id, stamp, state, begun_at as "begunAt" from job_run_items
        where run_id = ${runId}::uuid and state in ('begun', 'sent') and state = 'sent'
          ${after === null ? sql`` : sql`and place > ${after}`}
        order by place limit ${limit}
      `.execute(database.system);
      return rows;
    },
  };
}
export type ItemStore = ReturnType<typeof createItemStore>;
