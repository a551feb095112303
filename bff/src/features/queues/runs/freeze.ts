import { type JobRunFilter, jobRunExclusions, jobRunItemsMax } from "@wheelhouse/shared/queues/runs.ts";
import type { Redis } from "ioredis";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { type FrozenJob, laneIdOf, placeOfState, readFrozenJobs } from "./frozen-jobs.ts";
import type { ItemStore, JobItem } from "./items.ts";

/** Further names and causes share a lane. */
const lanesMax = 30;
/** Reading takes no longer, so that a filter that matches little of a huge queue ends. */
const readMs = 12_000;

/** What a plan keeps besides its snapshot. */
export type KeptJobPlan = Tables["job_runs"]["plan"]["__select__"];
/** Where a run acts. */
export type JobRunTarget = Pick<KeptJobPlan, "source" | "base" | "queueName" | "to">;

type LaneSum = {
  laneId: string;
  jobName: string;
  error: string | null;
  total: number;
  oldestMs: number | null;
  newestMs: number | null;
};

const least = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.min(a, b));
const most = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b));
const isoOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
const restName = "other jobs";

/** Finds the lane of each job; beyond a number of lanes all others share one. */
function createLanes() {
  const lanes = new Map<string, LaneSum>();
  return {
    all: lanes,
    of({ name, error, atMs }: FrozenJob): string {
      const own = laneIdOf(name, error);
      const isNew = !lanes.has(own);
      const laneId = isNew && lanes.size >= lanesMax - 1 ? "rest" : own;
      const lane = lanes.get(laneId) ?? {
        laneId,
        jobName: laneId === "rest" ? restName : name,
        error: laneId === "rest" ? null : error,
        total: 0,
        oldestMs: null,
        newestMs: null,
      };
      lane.total += 1;
      lane.oldestMs = least(lane.oldestMs, atMs);
      lane.newestMs = most(lane.newestMs, atMs);
      lanes.set(laneId, lane);
      return laneId;
    },
  };
}

/**
 * Takes the snapshot of the jobs that a filter means: chunk by chunk from Redis to Postgres, so that memory does not grow
 * with it. In the transaction of the plan.
 */
export async function freezeJobs(
  tx: Transaction<Tables>,
  deps: { redis: Redis; items: ItemStore; target: JobRunTarget },
  run: { id: string; organizationId: string; createdAt: Date },
  filter: JobRunFilter,
): Promise<{ total: number; excluded: number; plan: KeptJobPlan }> {
  const { redis, items, target } = deps;
  const lanes = createLanes();
  const left = new Map<string, number>();
  const endMs = performance.now() + readMs;
  // A list is read from its newest job on, and the oldest goes first.
  const step = placeOfState[filter.state].isList ? -1 : 1;
  let [place, total, matched, isCut] = [0, 0, 0, false];
  for await (const chunk of readFrozenJobs(redis, target.base, filter)) {
    matched += chunk.matched;
    for (const [why, count] of chunk.left) left.set(why, (left.get(why) ?? 0) + count);
    const jobs = chunk.jobs.slice(0, jobRunItemsMax - total);
    const rows = jobs.map((job): JobItem => {
      place += step;
      return { place, laneId: lanes.of(job), id: job.id, stamp: job.stamp };
    });
    await items.add(tx, run, rows);
    total += rows.length;
    isCut = jobs.length < chunk.jobs.length || performance.now() > endMs;
    if (isCut) break;
  }
  const sums = [...lanes.all.values()];
  await addLanes(tx, run, sums);
  const excluded = jobRunExclusions
    .map((why) => ({ why, count: left.get(why) ?? 0 }))
    .filter(({ count }) => count > 0);
  return {
    total,
    excluded: excluded.reduce((sum, { count }) => sum + count, 0),
    plan: {
      source: target.source,
      base: target.base,
      queueName: target.queueName,
      to: target.to,
      matched,
      isCut,
      excluded,
      oldestAt: isoOf(sums.map(({ oldestMs }) => oldestMs).reduce(least, null)),
      newestAt: isoOf(sums.map(({ newestMs }) => newestMs).reduce(most, null)),
    },
  };
}

async function addLanes(
  tx: Transaction<Tables>,
  { id, organizationId, createdAt }: { id: string; organizationId: string; createdAt: Date },
  sums: readonly LaneSum[],
) {
  if (sums.length === 0) return;
  const rows = sums.map(({ laneId, jobName, error, total, oldestMs, newestMs }) => ({
    lane: laneId,
    job_name: jobName,
    error,
    total,
    oldest_at: isoOf(oldestMs),
    newest_at: isoOf(newestMs),
  }));
  await sql`
    insert into job_run_lanes (run_id, org_id, lane, job_name, error, total, oldest_at, newest_at, paced_at, window_at)
    select ${id}::uuid, ${organizationId}::uuid, lane, job_name, error, total, oldest_at, newest_at,
      ${createdAt}::timestamptz, ${createdAt}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json)
      as n(lane text, job_name text, error text, total int, oldest_at timestamptz, newest_at timestamptz)
  `.execute(tx);
}
