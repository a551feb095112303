import { baseOf } from "../keys.ts";
import type { EntryQueue } from "./entries.ts";
import type { FieldRule } from "./fields.ts";
import type { Filling, QueueProgress, StoredQueue } from "./store.ts";
import type { StreamRead } from "./streams.ts";

const mostNames = 200;
const mostEntries = 1_000;
const leastEntries = 20;
const firstEntries = 200;
const bytesPerRead = 200_000;

/** A queue of a source as the newest tick has it. */
export type FollowedQueue = {
  id: string;
  name: string;
  prefix: string;
  organizationId: string;
  counts: Readonly<Record<string, number>>;
};

/** A queue that is followed, and how far. */
export type Followed = EntryQueue & {
  queue: string;
  base: string;
  cursor: string;
  filling: Filling | null;
  /** Entries to ask for, so that an answer stays small. */
  most: number;
  /** Up to when its events are read; 0 before the first reading. */
  readMs: number;
};

/** All rules that hold for a queue. */
export type RulesOf = (organizationId: string, queue: string) => readonly FieldRule[];

/** The start of a back-fill. */
export const beginning: Filling = { step: "", score: null, offset: 0 };

/** A queue as the index has stored it. */
export function adopted(
  stored: StoredQueue,
  { prefix, name }: Pick<FollowedQueue, "prefix" | "name">,
  rulesOf: RulesOf,
): Followed {
  const names = new Set(stored.names);
  return {
    id: stored.id,
    organizationId: stored.organizationId,
    queue: stored.queue,
    base: baseOf({ prefix, name }),
    cursor: stored.cursor,
    filling: stored.filling,
    most: firstEntries,
    readMs: 0,
    get rules() {
      return rulesOf(stored.organizationId, stored.queue);
    },
    tallyName(given) {
      if (!names.has(given) && names.size >= mostNames) return "";
      names.add(given);
      return given;
    },
  };
}

/** What a reading of its events changes at a queue; null for nothing. */
export function progressOf(queue: Followed, read: StreamRead, isCleaned: boolean): QueueProgress | null {
  const cursor = read.taken > 0 ? read.lastId : read.isWhole ? queue.cursor : read.newest;
  const hasGap = !read.isWhole;
  const restarts = (hasGap || isCleaned) && queue.filling === null;
  if (cursor === queue.cursor && !restarts && !hasGap) return null;
  return { id: queue.id, cursor, hasGap, ...(restarts ? { filling: beginning } : {}) };
}

/** Up to when the events of a queue are known, after a reading at this time of its server. */
export const readUntilMs = (read: StreamRead, nowMs: number): number =>
  read.isDrained ? nowMs : Number(read.lastId.split("-")[0]);

/** Notes that what a reading changes is written. */
export function advance(queue: Followed, read: StreamRead, progress: QueueProgress | null, nowMs: number) {
  queue.readMs = readUntilMs(read, nowMs);
  if (read.taken > 0) {
    const fitting = Math.floor((bytesPerRead * read.taken) / Math.max(1, read.bytes));
    queue.most = Math.min(mostEntries, Math.max(leastEntries, fitting));
  }
  if (progress?.cursor !== undefined) queue.cursor = progress.cursor;
  if (progress?.filling !== undefined) queue.filling = progress.filling;
}
