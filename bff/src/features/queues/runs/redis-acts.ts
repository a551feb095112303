import type { JobRunAct, JobRunJobState } from "@wheelhouse/shared/queues/runs.ts";
import type { Redis } from "ioredis";
import { z } from "zod";
import { createReadOnlyLua, type LuaScript, loadLua } from "#lib/redis/lua.ts";
import { isFormer } from "../jobs/jobs.ts";
import { normalise } from "../search/search.ts";
import { guardedAct, type Layout } from "./guarded-acts.ts";

const outcomesScript = loadLua(new URL("./outcomes-of-jobs.lua", import.meta.url));
/** Scripts in one round trip; each takes well under a millisecond. */
const atOnce = 100;
/** Longer than a run waits for a worker that may have died. */
const receiptsLifeS = 86_400;

export type ActedJob = { id: string; stamp: string };
/** What to do with jobs; `base` is `<prefix>:<name>:` of the queue, `to` that of the queue to move to. */
export type JobAct = {
  runId: string;
  act: JobRunAct;
  state: JobRunJobState;
  base: string;
  to: string | null;
};
/** `done`, or why nothing was done: `gone`, `changed`, `locked`, `schedule`, or the error of Redis. */
export type Verdict = { isDone: boolean; isRefused: boolean; why: string };
/** `open`: no outcome yet. `failed`: with its cause. */
export type JobOutcome = { state: "open" | "succeeded" } | { state: "failed"; why: string };

const receiptsOf = (runId: string) => `wheelhouse:run:${runId}`;

/** The layout by what the queue says about the library that wrote it. */
async function layoutOf(redis: Pick<Redis, "hget">, base: string): Promise<Layout> {
  const written = await redis.hget(`${base}meta`, "version");
  const version = /^bullmq[^:]*:(.+)$/.exec(written ?? "")?.[1] ?? null;
  return isFormer({ version }) ? "before 6" : "6";
}

const verdictOf = (error: Error | null, value: unknown): Verdict =>
  error
    ? { isDone: false, isRefused: true, why: error.message.slice(0, 200) }
    : { isDone: value === "done", isRefused: false, why: String(value) };

/** Acts on jobs in their order, each once however often it is asked; verdicts come in the same order. */
export async function actOnJobs(
  redis: Redis,
  { runId, act, state, base, to }: JobAct,
  jobs: readonly ActedJob[],
  nowMs: number,
): Promise<Verdict[]> {
  const script = guardedAct(await layoutOf(redis, base), act, state);
  const verdicts: Verdict[] = [];
  for (let at = 0; at < jobs.length; at += atOnce) {
    const calls = jobs
      .slice(at, at + atOnce)
      .map(({ id, stamp }) => [base, receiptsOf(runId), id, stamp, state, receiptsLifeS, to ?? "", nowMs]);
    verdicts.push(...(await runAll(redis, script, calls)));
  }
  return verdicts;
}

async function runAll(
  redis: Redis,
  { body, sha }: LuaScript,
  calls: readonly (readonly (string | number)[])[],
): Promise<Verdict[]> {
  const send = async () => {
    const pipeline = redis.pipeline();
    for (const call of calls) pipeline.evalsha(sha, 2, ...call);
    return (await pipeline.exec()) ?? [];
  };
  let results = await send();
  if (results.some(([error]) => error?.message.startsWith("NOSCRIPT"))) {
    await redis.script("LOAD", body);
    results = await send();
  }
  const lost = results.find(([error]) => error !== null && !isReply(error));
  if (lost?.[0]) throw lost[0];
  return results.map(([error, value]) => verdictOf(error, value));
}

/** An error that the server sent, not one of the connection. */
const isReply = (error: Error) => error.name === "ReplyError";

/** Forgets receipts of jobs whose outcome is stored. */
export const forgetReceipts = async (redis: Redis, runId: string, ids: readonly string[]): Promise<void> => {
  if (ids.length > 0) await redis.srem(receiptsOf(runId), ...ids);
};

/** What has become of retried jobs, in the order of the ids. */
export async function outcomesOf(redis: Redis, base: string, ids: readonly string[]): Promise<JobOutcome[]> {
  const run = createReadOnlyLua(redis, outcomesScript);
  const outcomes: JobOutcome[] = [];
  for (let at = 0; at < ids.length; at += atOnce) {
    const replies = await run([{ keys: [base], args: ids.slice(at, at + atOnce) }]);
    outcomes.push(...z.array(z.string()).parse(replies[0]).map(outcomeOf));
  }
  return outcomes;
}

const outcomeOf = (told: string): JobOutcome => {
  if (told.startsWith("!")) return { state: "failed", why: normalise(told.slice(1)).message };
  if (told === "open") return { state: "open" };
  // A job that was kept when it failed and is gone now was removed on completion.
  return { state: "succeeded" };
};
