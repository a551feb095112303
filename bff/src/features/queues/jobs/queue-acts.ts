import type { JobState } from "@wheelhouse/shared/queues/jobs.ts";
import type { Redis } from "ioredis";
import { metaKeyOf } from "../keys.ts";
import { standingsOf } from "./job-state.ts";
import { isFormer, type Library, withLibrary, withNewest } from "./library.ts";
import type { QueuePlace } from "./places.ts";

/** What is done to a queue as a whole. */
export type QueueWideAct =
  | { do: "pause" }
  | { do: "resume" }
  | { do: "drain"; delayed: boolean }
  | { do: "clean"; state: JobState; olderThanMs: number }
  | { do: "obliterate"; force: boolean }
  | {
      do: "limit";
      concurrency?: number | null | undefined;
      rateLimit?: { max: number; durationMs: number } | null | undefined;
    };

export type QueueWideOutcome = { detail: string | null; count: number | null };

const batch = 1_000;
const cleanedMost = 100_000;
/** BullMQ drains with one script; more jobs than this would hold up the server. */
const drainedAtOnce = 2_000;

type Reach = { redis: Redis; at: QueuePlace; library: Library };

const cleanTypes = {
  waiting: "wait",
  paused: "paused",
  prioritized: "prioritized",
  delayed: "delayed",
  completed: "completed",
  failed: "failed",
} as const;
type Cleanable = keyof typeof cleanTypes;

/**
 * Removes jobs one by one but never the next run of a schedule: BullMQ below 6 does not know the repeatable jobs of
 * version 4, and cleaning them would end their schedule.
 */
async function cleanOneByOne(
  { redis, at, library }: Reach,
  state: Cleanable,
  olderThanMs: number,
): Promise<number> {
  const untilMs = Date.now() - olderThanMs;
  const key = `${at.base}${cleanTypes[state]}`;
  const isList = state === "waiting" || state === "paused";
  let [removed, kept] = [0, 0];
  for (;;) {
    const [from, to] = [String(kept), String(kept + 199)];
    const ids = await (isList ? redis.lrange(key, from, to) : redis.zrange(key, from, to));
    if (ids.length === 0 || removed >= cleanedMost) return removed;
    const standings = await standingsOf(redis, at.base, ids);
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hmget(`${at.base}${id}`, "processedOn", "timestamp");
    const times = (await pipeline.exec()) ?? [];
    for (const [index, id] of ids.entries()) {
      const [, read] = times[index] ?? [null, null];
      const [processedOn, addedAt] = Array.isArray(read) ? read : [null, null];
      const isYoung = Number(processedOn ?? addedAt ?? 0) > untilMs;
      const standing = standings[index] ?? null;
      // What is no job is a marker of version 4.
      const mayGo = standing !== null && standing.schedule === null && !isYoung;
      if (mayGo && (await wasRemoved(library, id))) removed += 1;
      else kept += 1;
    }
  }
}

/** Whether BullMQ's own cleaning could end a schedule of the queue. */
async function hasRepeatables({ redis, at, library }: Reach): Promise<boolean> {
  return isFormer(library) && (await redis.exists(`${at.base}repeat`)) === 1;
}

const wasRemoved = (library: Library, id: string) =>
  library
    .job(id)
    .remove({ removeChildren: false })
    .then(() => true)
    // It is active now.
    .catch(() => false);

async function clean(reach: Reach, state: Cleanable, olderThanMs: number): Promise<number> {
  const isFinished = state === "completed" || state === "failed";
  if (!isFinished && (await hasRepeatables(reach))) return cleanOneByOne(reach, state, olderThanMs);
  let removed = 0;
  for (;;) {
    const ids = await reach.library.queue.clean(olderThanMs, batch, cleanTypes[state]);
    removed += ids.filter((id) => !isMarker(id)).length;
    if (ids.length < batch || removed >= cleanedMost) return removed;
  }
}

const isMarker = (id: string) => /^0(:\d+)?$/.test(id);

/** The jobs in a list; versions below 5 push markers among them, which stand at an end. */
async function lengthOf(redis: Redis, list: string): Promise<number> {
  const length = await redis.llen(list);
  const ends = length === 0 ? [] : await Promise.all([redis.lindex(list, 0), redis.lindex(list, -1)]);
  const markers = ends.filter((id) => id !== null && isMarker(id)).length;
  return Math.max(0, length - (length === 1 ? Math.min(1, markers) : markers));
}

/** Jobs that wait for a worker. */
async function waitingOf({ redis, at }: Reach): Promise<number> {
  const lengths = await Promise.all([
    lengthOf(redis, `${at.base}wait`),
    lengthOf(redis, `${at.base}paused`),
    redis.zcard(`${at.base}prioritized`),
  ]);
  return lengths.reduce((sum, length) => sum + length, 0);
}

async function drain(reach: Reach, delayed: boolean): Promise<number> {
  const fromDelayed = async () => (delayed ? clean(reach, "delayed", 0) : 0);
  const count = await waitingOf(reach);
  if (count <= drainedAtOnce && !(await hasRepeatables(reach))) {
    await reach.library.queue.drain(false);
    // The next run of a schedule stays.
    return Math.max(0, count - (await waitingOf(reach))) + (await fromDelayed());
  }
  let removed = 0;
  for (const state of ["waiting", "paused", "prioritized"] as const) removed += await clean(reach, state, 0);
  return removed + (await fromDelayed());
}

async function setLimits(
  { library }: Reach,
  { concurrency, rateLimit }: Extract<QueueWideAct, { do: "limit" }>,
): Promise<QueueWideOutcome> {
  const { queue } = library;
  if (concurrency === null) await queue.removeGlobalConcurrency();
  else if (concurrency !== undefined) await queue.setGlobalConcurrency(concurrency);
  if (rateLimit === null) await queue.removeGlobalRateLimit();
  else if (rateLimit !== undefined) await queue.setGlobalRateLimit(rateLimit.max, rateLimit.durationMs);
  return { detail: library.version === null ? "Workers below BullMQ 5 ignore it" : null, count: null };
}

/** BullMQ before 6 would replace waiting jobs by those of the pause; 6 puts them together, 7,000 at a time. */
async function joinPaused({ redis, at, library }: Reach): Promise<void> {
  for (let round = 0; round < 1_000; round += 1) {
    await withNewest(redis, at, library.version, ({ queue }) => queue.resume());
    if ((await redis.llen(`${at.base}paused`)) === 0) return;
  }
}

async function hasTwoLists({ redis, at }: Reach): Promise<boolean> {
  return (await redis.exists(`${at.base}wait`, `${at.base}paused`)) === 2;
}

async function resume(reach: Reach): Promise<void> {
  if (!isFormer(reach.library) || (await hasTwoLists(reach))) await joinPaused(reach);
  else await reach.library.queue.resume();
}

async function pause(reach: Reach): Promise<void> {
  if (isFormer(reach.library) && (await hasTwoLists(reach))) await joinPaused(reach);
  await reach.library.queue.pause();
}

async function totalOf({ redis, at }: Reach): Promise<number> {
  const counts = await Promise.all([
    ...["wait", "paused", "active"].map((list) => lengthOf(redis, `${at.base}${list}`)),
    ...["prioritized", "delayed", "completed", "failed", "waiting-children"].map((set) =>
      redis.zcard(`${at.base}${set}`),
    ),
  ]);
  return counts.reduce((sum, count) => sum + count, 0);
}

async function apply(reach: Reach, act: QueueWideAct): Promise<QueueWideOutcome> {
  const { redis, at, library } = reach;
  const isPaused = async () => (await redis.hexists(metaKeyOf(at.base), "paused")) === 1;
  switch (act.do) {
    case "pause": {
      const was = await isPaused();
      if (!was) await pause(reach);
      return { detail: was ? "It was paused already" : null, count: null };
    }
    case "resume": {
      const was = await isPaused();
      await resume(reach);
      return { detail: was ? null : "It was not paused", count: null };
    }
    case "drain":
      return { detail: null, count: await drain(reach, act.delayed) };
    case "clean": {
      const state = (Object.keys(cleanTypes) as Cleanable[]).find((each) => each === act.state);
      if (state === undefined) throw new RangeError(`Jobs that are ${act.state} cannot be cleaned`);
      const count = await clean(reach, state, act.olderThanMs);
      return { detail: count >= cleanedMost ? "There may be more: clean again" : null, count };
    }
    case "obliterate": {
      const count = await totalOf(reach);
      await library.queue.obliterate({ force: act.force, count: batch });
      return { detail: null, count };
    }
    case "limit":
      return setLimits(reach, act);
  }
}

/** Acts on a queue as a whole with BullMQ's own scripts, a bounded number of jobs at a time. */
export const actOnQueue = (redis: Redis, at: QueuePlace, act: QueueWideAct): Promise<QueueWideOutcome> =>
  withLibrary(redis, at, (library) => apply({ redis, at, library }, act));
