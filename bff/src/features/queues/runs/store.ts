import type { JobRun, JobRunDetail } from "@wheelhouse/shared/queues/runs.ts";
import type { RunRates } from "@wheelhouse/shared/runs.ts";
import { type Selectable, sql } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { readRates } from "#runs/runs.ts";
import { type JobRunConfig, jobRunOf } from "./kind.ts";

type RunRow = Selectable<Tables["job_runs"]>;
type LaneRow = Selectable<Tables["job_run_lanes"]>;
type JournalRow = Pick<Selectable<Tables["job_run_journal"]>, "at" | "what" | "detail"> & {
  job_name: string | null;
  error: string | null;
};
type RestRow = { outcome: "failed" | "skipped"; why: string | null; job_name: string | null; count: number };
type Whole = { run: RunRow; lanes: LaneRow[]; rates: RunRates; journal: JournalRow[]; rest: RestRow[] };
export type ResultRow = {
  place: number;
  job_id: string;
  job_name: string | null;
  state: string;
  why: string | null;
};
type Place = { createdAt: string; id: string } | undefined;

const shownJournal = 50;
const shownRest = 20;
const lookedAtRest = 10_000;
const keptDays = 90;

const iso = (date: Date | null) => date?.toISOString() ?? null;

/** The row in the shape of the contract. */
export function jobRunView(row: RunRow): JobRun {
  const { filter, plan } = jobRunOf(row);
  return {
    id: row.id,
    act: filter.act,
    queue: { id: filter.queue, name: plan.queueName },
    jobState: filter.state,
    to: plan.to === null || filter.to === undefined ? null : { id: filter.to, name: plan.to.name },
    state: row.state,
    cause: row.cause,
    reason: row.reason,
    ratePerSecond: row.rate,
    total: row.total,
    sent: row.sent,
    succeeded: row.succeeded,
    failed: row.failed,
    skipped: row.skipped,
    plannedBy: row.planned_by,
    plannedAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    startedBy: row.started_by,
    startsAt: iso(row.starts_at),
    endedAt: iso(row.ended_at),
  };
}

const laneName = (name: string, error: string | null) => (error === null ? name : `${name}: ${error}`);

export function jobRunDetailOf(
  { run, lanes, rates, journal, rest }: Whole,
  { canary, holdMs, stepUpAbove, failedShareToHold }: JobRunConfig,
): JobRunDetail {
  const { filter, plan } = jobRunOf(run);
  const isRetry = filter.act === "retry";
  return {
    ...jobRunView(run),
    filter,
    plan: {
      matched: plan.matched,
      isCut: plan.isCut,
      excluded: plan.excluded,
      oldestAt: plan.oldestAt,
      newestAt: plan.newestAt,
      canary: isRetry ? (run.canary ?? canary) : 0,
      failedShareToHold: isRetry ? (failedShareToHold ?? null) : null,
      holdMs,
      asksStepUp: run.total > stepUpAbove,
    },
    lanes: lanes.map((lane) => ({
      laneId: lane.lane,
      jobName: lane.job_name,
      error: lane.error,
      phase: lane.phase,
      cause: lane.cause,
      ratePerSecond: lane.rate,
      limitPerSecond: lane.rate_limit,
      isLeftOut: lane.is_skipped,
      total: lane.total,
      sent: lane.sent,
      succeeded: lane.succeeded,
      failed: lane.failed,
      skipped: lane.skipped,
      oldestAt: iso(lane.oldest_at),
      newestAt: iso(lane.newest_at),
    })),
    rates,
    journal: journal.map(({ at, what, job_name, error, detail }) => ({
      at: at.toISOString(),
      what,
      lane: job_name === null ? null : laneName(job_name, error),
      detail,
    })),
    rest: rest.map(({ outcome, why, job_name, count }) => ({
      outcome,
      why: why ?? "unknown",
      jobName: job_name ?? "",
      count,
    })),
  };
}

/** Runs on jobs as pages read them; the run machine writes them. */
export function createJobRunsStore(database: Database) {
  return {
    list: (
      organizationId: string,
      queue: string | undefined,
      after: Place,
      limit: number,
    ): Promise<RunRow[]> =>
      database.asOrganizations([organizationId], async (tx) => {
        const { rows } = await sql<RunRow>`
          select * from job_runs where org_id = ${organizationId}::uuid and starts_at is not null
            ${queue === undefined ? sql`` : sql`and filter ->> 'queue' = ${queue}`}
            ${after === undefined ? sql`` : sql`and (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`}
          order by created_at desc, id desc limit ${limit}
        `.execute(tx);
        return rows;
      }),

    /** At most 50 runs by id; ids of other organizations are ignored. */
    byIds: (organizationId: string, ids: readonly string[]): Promise<RunRow[]> =>
      database.asOrganizations([organizationId], (tx) =>
        tx
          .selectFrom("job_runs")
          .selectAll()
          .where("org_id", "=", organizationId)
          .where("id", "in", ids.slice(0, 50))
          .orderBy("created_at", "desc")
          .execute(),
      ),

    read: (organizationId: string, id: string): Promise<Whole | null> =>
      database.asOrganizations([organizationId], async (tx) => {
        const run = await tx
          .selectFrom("job_runs")
          .selectAll()
          .where("id", "=", id)
          .where("org_id", "=", organizationId)
          .executeTakeFirst();
        if (!run) return null;
        const lanes = await tx
          .selectFrom("job_run_lanes")
          .selectAll()
          .where("run_id", "=", id)
          .orderBy(sql`array_position(array['held', 'canary', 'sending', 'done'], phase)`)
          .orderBy("total", "desc")
          .execute();
        const journal = await tx
          .selectFrom("job_run_journal as j")
          .leftJoin("job_run_lanes as l", (join) =>
            join.onRef("l.run_id", "=", "j.run_id").onRef("l.lane", "=", "j.lane"),
          )
          .select(["j.at", "j.what", "j.detail", "l.job_name", "l.error"])
          .where("j.run_id", "=", id)
          .orderBy("j.id", "desc")
          .limit(shownJournal)
          .execute();
        const rates = await readRates(tx, id);
        if (run.failed + run.skipped === 0) return { run, lanes, rates, journal, rest: [] };
        const { rows: rest } = await sql<RestRow>`
          select r.outcome, r.why, r.count, l.job_name from (
            select lane, state as outcome, why, count(*)::int as count from (
              select lane, state, why from job_run_items
              where run_id = ${id}::uuid and state in ('failed', 'skipped') limit ${lookedAtRest}
            ) ended
            group by 1, 2, 3 order by 4 desc limit ${shownRest}
          ) r left join job_run_lanes l on l.run_id = ${id}::uuid and l.lane = r.lane
          order by r.outcome, r.count desc
        `.execute(tx);
        return { run, lanes, rates, journal, rest };
      }),

    /** Items of a run after a place, as its result tells them. */
    result: (organizationId: string, id: string, after: number | null, limit: number): Promise<ResultRow[]> =>
      database.asOrganizations([organizationId], async (tx) => {
        const { rows } = await sql<ResultRow>`
          select i.place, i.job_id, l.job_name, i.state, i.why
          from job_run_items i left join job_run_lanes l on l.run_id = i.run_id and l.lane = i.lane
          where i.run_id = ${id}::uuid ${after === null ? sql`` : sql`and i.place > ${after}`}
          order by i.place limit ${limit}
        `.execute(tx);
        return rows;
      }),

    /** Removes old ended runs in steps. */
    forget: async () => {
      await sql`
        with old as (
          select id from job_runs where ended_at < now() - ${keptDays} * interval '1 day'
            or (state in ('planned', 'expired') and expires_at < now() - interval '1 day')
          order by id limit 20
        ), items as (
          delete from job_run_items where run_id in (select id from old)
        ), rates as (
          delete from run_rates where run_id in (select id from old)
        )
        delete from job_runs where id in (select id from old)
      `.execute(database.system);
    },
  };
}
export type JobRunsStore = ReturnType<typeof createJobRunsStore>;
