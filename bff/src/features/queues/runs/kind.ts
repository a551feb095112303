import type { JobRunAct, JobRunFilter } from "@wheelhouse/shared/queues/runs.ts";
import { jobRunExclusions, jobRunFilter } from "@wheelhouse/shared/queues/runs.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import type { AuditFields } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { notFound } from "#lib/http/errors.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { RunConfig, RunKind, RunRow } from "#runs/runs.ts";
import type { JobConnections, JobServer } from "../jobs/jobs.ts";
import { freezeJobs, type JobRunTarget, type KeptJobPlan } from "./freeze.ts";
import type { Answer, ItemStore, JobItem, OpenItem } from "./items.ts";
import { actOnJobs, forgetReceipts, type JobAct, outcomesOf, type Verdict } from "./redis-acts.ts";

export type JobRunConfig = RunConfig & {
  /** A job that began and has no verdict for this long was interrupted. */
  interruptedMs: number;
  /** A retried job without outcome for this long counts as failed, with that reason. */
  outcomeWaitMs: number;
  /** Time between two looks for outcomes. */
  lookEveryMs: number;
};

export const jobRunDefaults: JobRunConfig = {
  stepUpAbove: 100,
  planTtlMs: 15 * 60_000,
  holdMs: 5_000,
  canary: 20,
  startRate: 1,
  failuresToHold: 20,
  isSteady: true,
  isShared: true,
  failedShareToHold: 0.05,
  openSeconds: 60,
  batch: 1_000,
  stepMs: 250,
  interruptedMs: 10_000,
  outcomeWaitMs: 24 * 3_600_000,
  lookEveryMs: 500,
};

const keptJobPlan: z.ZodType<KeptJobPlan> = z.object({
  source: z.string(),
  base: z.string(),
  queueName: z.string(),
  to: z.object({ base: z.string(), name: z.string() }).nullable(),
  matched: z.number(),
  isCut: z.boolean(),
  excluded: z.array(z.object({ why: z.enum(jobRunExclusions), count: z.number() })),
  oldestAt: z.string().nullable(),
  newestAt: z.string().nullable(),
});

/** Plan and filter of a run, as its row holds them. */
export const jobRunOf = (row: Pick<RunRow, "filter" | "plan">) => ({
  filter: jobRunFilter.parse(row.filter),
  plan: keptJobPlan.parse(row.plan),
});

const verbs: Record<JobRunAct, string> = {
  retry: "Retry",
  remove: "Removal",
  promote: "Promotion",
  move: "Move",
};
const count = (total: number) => `${total} ${total === 1 ? "job" : "jobs"}`;

/** The set fields of a filter; ids, of which there may be many, as their number. */
function filterFields({ act, queue, state, to, ids, name, error }: JobRunFilter): AuditFields {
  return {
    act,
    queue,
    jobState: state,
    ...(to === undefined ? {} : { to }),
    ...(ids === undefined ? {} : { ids: ids.length }),
    ...(name === undefined ? {} : { name }),
    ...(error === undefined ? {} : { error }),
  };
}

type KindDeps = {
  items: ItemStore;
  /** A watched Redis server; undefined when it is not watched any more, or may only be read. */
  serverOf(source: string): JobServer | undefined;
  connections: Pick<JobConnections, "use">;
  events: Pick<Events, "emit">;
  config: JobRunConfig;
  clock: Clock;
  log: Logger;
};
/** A request to plan, with the queues that it means. */
export type JobRunWish = { filter: JobRunFilter; target: JobRunTarget };

/** What a run that this process carries out knows besides Postgres. */
type Known = {
  answers: Answer[];
  /** Receipts to be forgotten once the answers are written. */
  written: string[];
  after: number | null;
  lookedAtMs: number;
  isAway: boolean;
};

/**
 * Acts on jobs as a kind of run. The jobs live in Redis, so an item begins in Postgres, is acted on behind a guard that
 * also leaves a receipt, and gets its verdict in the next step; an interrupted one is asked again.
 */
export function createJobRunKind({ items, serverOf, connections, events, config, clock, log }: KindDeps) {
  const known = new Map<string, Known>();
  const of = (runId: string): Known => {
    const found = known.get(runId) ?? {
      answers: [],
      written: [],
      after: null,
      lookedAtMs: Number.NEGATIVE_INFINITY,
      isAway: false,
    };
    known.set(runId, found);
    return found;
  };
  const begunAct = (run: RunRow): JobAct & { source: string } => {
    const { filter, plan } = jobRunOf(run);
    return {
      runId: run.id,
      act: filter.act,
      state: filter.state,
      base: plan.base,
      to: plan.to?.base ?? null,
      source: plan.source,
    };
  };

  const answerOf = (act: JobRunAct, { place, id }: JobItem, verdict: Verdict): Answer => ({
    place,
    id,
    from: "begun",
    state: verdict.isDone
      ? act === "retry"
        ? "sent"
        : "succeeded"
      : verdict.isRefused
        ? "failed"
        : "skipped",
    why: verdict.isDone ? null : verdict.why,
  });

  async function carryOut(act: JobAct, redis: Redis, jobs: readonly JobItem[]) {
    const verdicts = await actOnJobs(redis, act, jobs, clock.now());
    const { answers } = of(act.runId);
    jobs.forEach((job, at) => {
      const verdict = verdicts[at];
      if (verdict) answers.push(answerOf(act.act, job, verdict));
    });
  }

  async function lookForOutcomes(run: RunRow, act: JobAct, redis: Redis) {
    const mine = of(run.id);
    if (act.act !== "retry" || performance.now() - mine.lookedAtMs < config.lookEveryMs) return;
    mine.lookedAtMs = performance.now();
    const sent = await items.sent(run.id, mine.after, config.batch);
    mine.after = sent.length < config.batch ? null : (sent.at(-1)?.place ?? null);
    const outcomes = await outcomesOf(
      redis,
      act.base,
      sent.map(({ id }) => id),
    );
    const isLate = ({ begunAt }: OpenItem) => clock.now() - begunAt.getTime() > config.outcomeWaitMs;
    sent.forEach((item, at) => {
      const outcome = outcomes[at];
      if (!outcome) return;
      const { place, id } = item;
      if (outcome.state === "open") {
        if (isLate(item)) mine.answers.push({ place, id, from: "sent", state: "failed", why: "no outcome" });
        return;
      }
      const why = outcome.state === "failed" ? outcome.why : null;
      mine.answers.push({ place, id, from: "sent", state: outcome.state, why });
    });
  }

  async function ask(run: RunRow) {
    const mine = of(run.id);
    const act = begunAct(run);
    const server = serverOf(act.source);
    if (!server || run.sent === run.succeeded + run.failed) return;
    try {
      await connections.use(server, async (redis) => {
        await forgetReceipts(redis, run.id, mine.written.splice(0));
        const before = new Date(clock.now() - config.interruptedMs);
        const interrupted = await items.interrupted(run.id, before, config.batch);
        await carryOut(act, redis, interrupted);
        await lookForOutcomes(run, act, redis);
      });
      mine.isAway = false;
    } catch (err) {
      if (!mine.isAway) log.warn({ err, run: run.id }, "a run on jobs waits for its Redis server");
      mine.isAway = true;
    }
  }

  const kind: RunKind<JobItem, JobRunWish> = {
    noun: "run",
    lane: "cause",
    items: "jobs",
    config,
    tables: {
      runs: "job_runs",
      lanes: "job_run_lanes",
      journal: "job_run_journal",
      runId: "run_id",
      laneId: "lane",
    },
    actions: {
      plan: "queues.run.plan",
      start: "queues.run.start",
      pause: "queues.run.pause",
      resume: "queues.run.resume",
      cancel: "queues.run.cancel",
      lane: "queues.run.steer",
      complete: "queues.run.complete",
      expire: "queues.run.expire",
    },
    laneDone: "lane_done",
    target: (run) => {
      const { filter, plan } = jobRunOf(run);
      const name = `${verbs[filter.act]} of ${count(run.total)} in ${plan.queueName}`;
      return { type: "job-run", id: run.id, name };
    },
    keptFilter: ({ filter }) => filter,
    filterFields: ({ filter }) => filterFields(filter),
    async freeze(tx, run, { filter, target }) {
      const server = serverOf(target.source);
      if (!server) throw notFound("queue");
      return connections.use(server, (redis) => freezeJobs(tx, { redis, items, target }, run, filter));
    },
    ask,
    async settle(tx, runId) {
      const mine = of(runId);
      const answers = mine.answers.splice(0);
      const outcomes = await items.settle(tx, runId, answers);
      // What is retried keeps its receipt: asking again must not retry it after it failed again.
      mine.written.push(...answers.filter(({ from }) => from === "begun").map(({ id }) => id));
      return { outcomes, next: null };
    },
    describe: async (tx, runId, run) =>
      items.describe(tx, runId, serverOf(jobRunOf(run).plan.source) === undefined),
    gate: (_lane, runId) => (known.get(runId)?.isAway ? "half_open" : "closed"),
    begin: items.begin,
    skip: items.skip,
    async effect(run, begun) {
      const act = begunAct(run);
      const server = serverOf(act.source);
      if (!server) return;
      try {
        await connections.use(server, (redis) => carryOut(act, redis, begun));
      } catch (error) {
        of(run.id).isAway = true;
        throw error;
      }
    },
    changed(organizationId, id) {
      events.emit("jobRuns.changed", { organizationId, ids: [id], created: 0 });
    },
  };
  return kind;
}
