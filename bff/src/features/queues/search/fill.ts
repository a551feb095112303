import type { Redis } from "ioredis";
import { type EntryQueue, type EntryTerms, entryOf, goneEntryOf, type IndexEntry } from "./entries.ts";
import { type Filling, type IndexStore, openStates } from "./store.ts";
import type { Streams } from "./streams.ts";

/** Jobs read at once, in calls of a millisecond. */
const jobsAtOnce = 200;
/** Of a list, whose places move while jobs leave it, this much is read twice. */
const overlap = 20;

const lists: ReadonlyMap<string, string> = new Map([
  ["active", "active"],
  ["waiting", "wait"],
  ["paused", "paused"],
]);
/** What is read first is what somebody is likely to look for. */
const sets = [...lists.keys(), "prioritized", "delayed", "waiting-children", "failed", "completed"] as const;
const steps: readonly string[] = [...sets, ...openStates.map((state) => `check:${state}`)];

export type FillStep = {
  entries: IndexEntry[];
  /** Null when it is complete. */
  next: Filling | null;
  read: number;
  skipped: number;
};

const after = (step: string): Filling | null => {
  const next = steps[steps.indexOf(step) + 1];
  return next === undefined ? null : { step: next, score: null, offset: 0 };
};

type FilledQueue = EntryQueue & { base: string };

/**
 * Reads what is in Redis of a queue, without SCAN and in small steps: its lists and sets from the newest job on, and
 * then those jobs of the index that should be there, to find the ones that are gone.
 */
export function createFill({
  redis,
  streams,
  store,
  terms,
}: {
  redis: Redis;
  streams: Streams;
  store: IndexStore;
  terms: EntryTerms;
}) {
  const readList = async (base: string, place: Filling) => {
    const key = `${base}${lists.get(place.step)}`;
    const ids = await redis.lrange(key, place.offset, place.offset + jobsAtOnce - 1);
    const next =
      ids.length < jobsAtOnce
        ? after(place.step)
        : { step: place.step, score: null, offset: place.offset + jobsAtOnce - overlap };
    return { ids, next };
  };

  /** Pages by score, so that jobs which leave the set meanwhile move no others out of sight. */
  const readSet = async (base: string, place: Filling) => {
    const reply = await redis.zrevrangebyscore(
      `${base}${place.step}`,
      place.score ?? "+inf",
      "-inf",
      "WITHSCORES",
      "LIMIT",
      place.offset,
      jobsAtOnce,
    );
    const ids = reply.filter((_, index) => index % 2 === 0);
    const scores = reply.filter((_, index) => index % 2 === 1);
    const last = scores.at(-1);
    if (ids.length < jobsAtOnce || last === undefined) return { ids, next: after(place.step) };
    const same = scores.filter((score) => score === last).length;
    const offset = last === place.score ? place.offset + same : same;
    return { ids, next: { step: place.step, score: last, offset } };
  };

  const readAll = async (queue: FilledQueue, place: Filling): Promise<FillStep> => {
    const { base } = queue;
    const isList = lists.has(place.step);
    // A key of another type holds no jobs.
    const { ids, next } = await (isList ? readList(base, place) : readSet(base, place)).catch(
      (error: unknown) => {
        if (!(error instanceof Error && error.message.startsWith("WRONGTYPE"))) throw error;
        return { ids: [], next: after(place.step) };
      },
    );
    const jobs = [...(await streams.readJobs(base, ids)).values()];
    const entries = jobs.flatMap((job) => entryOf(job, queue, terms) ?? []);
    return { entries, next, read: jobs.length, skipped: jobs.length - entries.length };
  };

  const check = async (queue: FilledQueue, place: Filling): Promise<FillStep> => {
    const state = place.step.slice("check:".length);
    const [at = "", no = ""] = place.score?.split("|") ?? [];
    const rows = await store.openJobs(queue.id, state, at === "" ? null : { at, no }, jobsAtOnce);
    const jobs = await streams.readJobs(
      queue.base,
      rows.map(({ jobId }) => jobId),
    );
    const entries = rows.flatMap(({ jobId, addedMs, name }): IndexEntry | readonly IndexEntry[] => {
      const job = jobs.get(jobId);
      if (job?.addedMs === addedMs) {
        const entry = job.state === state ? null : entryOf(job, queue, terms);
        return entry === null ? [] : [entry];
      }
      const gone = { id: jobId, name, addedMs, state: "removed" as const };
      return goneEntryOf({ ...gone, processedMs: null, finishedMs: null, error: null }, queue, terms) ?? [];
    });
    const last = rows.at(-1);
    const next =
      rows.length < jobsAtOnce || !last
        ? after(place.step)
        : { step: place.step, score: `${last.at}|${last.no}`, offset: 0 };
    return { entries, next, read: 0, skipped: 0 };
  };

  /** The next step of a back-fill; nothing is written yet. */
  return async (queue: FilledQueue, place: Filling): Promise<FillStep> => {
    const first = steps[0] ?? "";
    const at = place.step === "" ? { step: first, score: null, offset: 0 } : place;
    // A step of another version begins again.
    if (!steps.includes(at.step))
      return { entries: [], next: { step: first, score: null, offset: 0 }, read: 0, skipped: 0 };
    return at.step.startsWith("check:") ? check(queue, at) : readAll(queue, at);
  };
}
