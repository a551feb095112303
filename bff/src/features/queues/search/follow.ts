import type { Redis } from "ioredis";
import type { PostgresLease } from "#lib/postgres/lease.ts";
import type { Clock } from "#lib/time/clock.ts";
import { baseOf } from "../keys.ts";
import { changesOf, goneJobOf, type SeenJob } from "./changes.ts";
import { driftOf } from "./drift.ts";
import { type EntryTerms, entryOf, goneEntryOf, type IndexEntry } from "./entries.ts";
import { createFill, type FillStep } from "./fill.ts";
import {
  adopted,
  advance,
  beginning,
  type Followed,
  type FollowedQueue,
  progressOf,
  type RulesOf,
  readUntilMs,
} from "./followed.ts";
import type { Filling, IndexStore } from "./store.ts";
import { createStreams, type StreamEvent, type Streams } from "./streams.ts";

/** Jobs that one turn writes; the rest waits for the next, which follows at once. */
const jobsPerTurn = 4_000;
const readsAtOnce = 8;
/** Of a back-fill, written at once; what is new is read between them. */
const fillStepsPerTurn = 8;
const driftEveryMs = 5_000;

export type FollowerDeps = {
  redis: Redis;
  source: string;
  store: IndexStore;
  lease: Pick<PostgresLease, "write">;
  terms: EntryTerms;
  rulesOf: RulesOf;
  /** Called with the events of a queue after they were kept, and the names of their jobs. */
  onEvents(queue: string, events: readonly StreamEvent[], names: ReadonlyMap<string, string>): void;
  clock: Clock;
};

type Kept = { entries: IndexEntry[]; names: ReadonlyMap<string, string> };
const nothingKept: Kept = { entries: [], names: new Map() };
const keyOf = (organizationId: string, queue: string) => `${organizationId}/${queue}`;

/** Reads what is known now of the jobs that events name. */
function createLookup({ streams, store, terms }: { streams: Streams; store: IndexStore; terms: EntryTerms }) {
  return async (queue: Followed, jobs: ReadonlyMap<string, SeenJob>): Promise<Kept> => {
    if (jobs.size === 0) return nothingKept;
    const found = await streams.readJobs(queue.base, [...jobs.keys()]);
    const gone = [...jobs].filter(([id]) => !found.has(id));
    const { organizationId } = queue;
    const known = await store.newestOf(gone.map(([jobId]) => ({ organizationId, queue: queue.id, jobId })));
    const knownById = new Map(known.map((each) => [each.jobId, each]));
    const names = new Map(known.map(({ jobId, name }) => [jobId, name]));
    for (const [id, { name }] of found) names.set(id, name);
    const entries = [
      ...[...found.values()].flatMap((job) => entryOf(job, queue, terms) ?? []),
      ...gone.flatMap(([id, seen]): IndexEntry | readonly IndexEntry[] => {
        const job = goneJobOf(id, seen, knownById.get(id));
        return (job && goneEntryOf(job, queue, terms)) ?? [];
      }),
    ];
    return { entries, names };
  };
}

/** Finds the queues of a source in the index, and adds those that are new, from their newest event on. */
function createMeeting({
  source,
  store,
  lease,
  streams,
  rulesOf,
}: Pick<FollowerDeps, "source" | "store" | "lease" | "rulesOf"> & { streams: Streams }) {
  const readStored = async () =>
    new Map((await store.queuesOf(source)).map((each) => [keyOf(each.organizationId, each.queue), each]));
  return async (epoch: number, fresh: readonly FollowedQueue[]): Promise<Map<string, Followed>> => {
    let stored = await readStored();
    const unknown = fresh.filter(({ organizationId, id }) => !stored.has(keyOf(organizationId, id)));
    if (unknown.length > 0) {
      const { reads } = await streams.readEvents(
        unknown.map((queue) => ({ base: baseOf(queue), cursor: "$", most: 0 })),
      );
      const newest = new Map(reads.map(({ base, newest: id }) => [base, id]));
      const added = unknown.flatMap((queue) => {
        const cursor = newest.get(baseOf(queue));
        const { organizationId, id, name } = queue;
        return cursor === undefined ? [] : [{ organizationId, queue: id, source, name, cursor }];
      });
      await lease.write(epoch, (tx) => store.addQueues(tx, added));
      stored = await readStored();
    }
    return new Map(
      fresh.flatMap((queue) => {
        const key = keyOf(queue.organizationId, queue.id);
        const found = stored.get(key);
        return found ? [[key, adopted(found, queue, rulesOf)] as const] : [];
      }),
    );
  };
}

/**
 * Follows the queues of one Redis server: what their event streams name is read from Redis and kept, with the place in the
 * streams, in one transaction. So nothing is lost with the process, and nothing is counted twice.
 */
export function createFollower(deps: FollowerDeps) {
  const { redis, source, store, lease, terms, rulesOf, onEvents, clock } = deps;
  const streams = createStreams(redis);
  const lookUp = createLookup({ streams, store, terms });
  const meet = createMeeting({ source, store, lease, streams, rulesOf });
  const fill = createFill({ redis, streams, store, terms });
  const drift = driftOf();
  const followed = new Map<string, Followed>();
  let hasDays = false;
  let turn = 0;
  let driftAtMs = 0;
  let formerReadMs = 0;

  const readNames = async (queues: readonly Followed[]) => {
    const { nowMs, reads, refusal } = await streams.readEvents(
      queues.map(({ base, cursor, most }) => ({ base, cursor, most })),
    );
    const byBase = new Map(queues.map((queue) => [queue.base, queue]));
    let jobs = 0;
    const taken = reads.flatMap((read) => {
      const queue = byBase.get(read.base);
      if (!queue || jobs >= jobsPerTurn) return [];
      const changes = changesOf(read.events);
      jobs += changes.jobs.size;
      return [{ queue, read, ...changes, progress: progressOf(queue, read, changes.isCleaned) }];
    });
    return { nowMs, refusal, taken };
  };

  /** Reads and keeps what is new. @returns whether more is waiting. */
  const readNew = async (epoch: number, queues: readonly Followed[]) => {
    const [first] = queues;
    if (!first) return false;
    // Each turn begins with another queue, so that none waits for long.
    turn = (turn + 97) % queues.length;
    const { nowMs, refusal, taken } = await readNames([...queues.slice(turn), ...queues.slice(0, turn)]);
    const readAtMs = clock.now();
    const kept: Kept[] = [];
    for (let start = 0; start < taken.length; start += readsAtOnce) {
      const some = taken.slice(start, start + readsAtOnce);
      kept.push(...(await Promise.all(some.map(({ queue, jobs }) => lookUp(queue, jobs)))));
    }
    const inTurn = new Set(taken.map(({ queue }) => queue));
    const readMs = Math.min(
      nowMs,
      ...taken.map(({ read }) => readUntilMs(read, nowMs)),
      ...queues.filter((queue) => !inTurn.has(queue) && queue.readMs > 0).map((queue) => queue.readMs),
    );
    await lease.write(epoch, async (tx) => {
      await store.keep(
        tx,
        kept.flatMap(({ entries }) => entries),
      );
      await store.progress(
        tx,
        taken.flatMap(({ progress }) => progress ?? []),
      );
      // What was added right after the former reading has waited since then.
      const behindMs = Math.max(0, clock.now() - readAtMs + nowMs - Math.min(readMs, formerReadMs || readMs));
      const { organizationId } = first;
      await store.noteSource(tx, { organizationId, source, readMs, behindMs }, refusal);
    });
    formerReadMs = readMs;
    for (const [index, { queue, read, progress }] of taken.entries()) {
      advance(queue, read, progress, nowMs);
      onEvents(queue.queue, read.events, kept[index]?.names ?? nothingKept.names);
    }
    return taken.length < queues.length || taken.some(({ read }) => !read.isDrained);
  };

  /** Some steps of the first back-fill that is not complete. @returns whether there was one. */
  const fillOn = async (epoch: number, queues: readonly Followed[]) => {
    const queue = queues.find(({ filling }) => filling !== null);
    if (!queue?.filling) return false;
    const isStart = queue.filling.step === "";
    // Places of a list overlap, and a job may move between two steps: the last reading counts.
    const entries = new Map<string, IndexEntry>();
    let place: Filling | null = queue.filling;
    let [filledJobs, skipped] = [0, 0];
    for (let step = 0; step < fillStepsPerTurn && place !== null; step += 1) {
      const found: FillStep = await fill(queue, place);
      for (const entry of found.entries) entries.set(`${entry.job_id} ${entry.added_at}`, entry);
      filledJobs += found.read;
      skipped += found.skipped;
      place = found.next;
    }
    const filling = place;
    await lease.write(epoch, async (tx) => {
      if (isStart) await store.progress(tx, [{ id: queue.id, filling: beginning }]);
      await store.keep(tx, [...entries.values()]);
      await store.progress(tx, [{ id: queue.id, filling, filledJobs, skipped }]);
    });
    queue.filling = filling;
    return true;
  };

  /** Back-fills queues in which jobs came or went without an event. @returns whether there are any. */
  const compare = async (epoch: number, queues: readonly Followed[], watched: readonly FollowedQueue[]) => {
    if (clock.now() - driftAtMs < driftEveryMs) return false;
    driftAtMs = clock.now();
    const idle = queues.filter(({ filling }) => filling === null);
    const stored = await store.countsOf(idle.map(({ id }) => id));
    const inIndex = new Map<number, { state: string; jobs: number }[]>();
    for (const { queue, state, jobs } of stored)
      inIndex.set(queue, [...(inIndex.get(queue) ?? []), { state, jobs }]);
    const inRedis = new Map(watched.map((queue) => [keyOf(queue.organizationId, queue.id), queue.counts]));
    const drifted = idle.filter(({ id, organizationId, queue }) =>
      drift.isOff(id, inIndex.get(id) ?? [], inRedis.get(keyOf(organizationId, queue)) ?? {}, clock.now()),
    );
    if (drifted.length === 0) return false;
    const restarts = drifted.map(({ id }) => ({ id, filling: beginning }));
    await lease.write(epoch, (tx) => store.progress(tx, restarts));
    for (const queue of drifted) queue.filling = beginning;
    return true;
  };

  return {
    /** Reads what is new in these queues, which are all that are followed of the source. @returns whether more is waiting. */
    async step(epoch: number, watched: readonly FollowedQueue[]): Promise<boolean> {
      if (!hasDays) await store.makeDays(clock.now(), terms.keptDays);
      hasDays = true;
      const fresh = watched.filter(({ organizationId, id }) => !followed.has(keyOf(organizationId, id)));
      if (fresh.length > 0) for (const [key, queue] of await meet(epoch, fresh)) followed.set(key, queue);
      const queues = watched.flatMap(
        ({ organizationId, id }) => followed.get(keyOf(organizationId, id)) ?? [],
      );
      const isBusy = await readNew(epoch, queues);
      const isFilling = await fillOn(epoch, queues);
      const isOff = await compare(epoch, queues, watched);
      return isBusy || isFilling || isOff;
    },
    /** Forgets where it stands; the next step reads it from the index. */
    forget() {
      followed.clear();
      formerReadMs = 0;
      hasDays = false;
    },
  };
}
export type Follower = ReturnType<typeof createFollower>;
