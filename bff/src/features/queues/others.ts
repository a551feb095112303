import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";
import { type OtherQueue, type Suspect, suspectOf } from "./shapes.ts";

/** `depth`: null unless it is a list whose length could be read; `reason` says what is not known and why. */
export type FoundQueue = OtherQueue & { depth: number | null; reason: string };

const mostKnown = 200;
const mostPending = 2_000;
const mostRefused = 20_000;
/** Few enough that a step takes the server about a millisecond. */
const suspectsPerStep = 50;
const streamsPerStep = 50;
const membersPerRegistry = 200;
const lengthsEveryMs = 5_000;
const confirmEveryMs = 60_000;
/** An empty list has no key, so a queue that was seen stays for a while. */
const keptEmptyMs = 3_600_000;

type Known = {
  queue: OtherQueue;
  suspect: Suspect | null;
  seenAtMs: number;
  depth: number | null;
  fault: string | null;
};

/**
 * Queues of other systems on one Redis, found by the keys that a scan passes. They are named; of lists the length is
 * read every 5 s, of all others nothing. Everything here is bounded: what is remembered, and what a step asks.
 */
export function createOtherQueues(redis: Redis, clock: Clock) {
  const known = new Map<string, Known>();
  const pending = new Map<string, Suspect>();
  // Names that turned out to be something else; they are looked at again after a minute.
  let refused = new Set<string>();
  let refusedAtMs = clock.now();
  let confirmedAtMs = clock.now();
  let lengthsAtMs = Number.NEGATIVE_INFINITY;
  let left = new Set<string>();
  let refusal: string | null = null;

  const keep = (queue: OtherQueue, suspect: Suspect | null) => {
    const id = idOf(queue);
    const before = known.get(id);
    if (!before && known.size >= mostKnown) {
      if (left.size < mostPending) left.add(id);
      return;
    }
    // A registry knows the system that a plain name does not tell.
    const named = before && before.queue.system !== "List" && queue.system === "List" ? before.queue : queue;
    known.set(id, {
      queue: named,
      suspect: suspect ?? before?.suspect ?? null,
      seenAtMs: clock.now(),
      depth: before?.depth ?? null,
      fault: before?.fault ?? null,
    });
  };

  const drop = (suspect: Suspect) => {
    if (refused.size < mostRefused) refused.add(suspect.id);
    for (const [id, each] of known)
      if (each.suspect?.id === suspect.id && !each.queue.isList) known.delete(id);
  };

  const confirm = async () => {
    const asked = [...pending.values()].slice(0, suspectsPerStep);
    if (asked.length === 0) return;
    for (const { id } of asked) pending.delete(id);
    const pipeline = redis.pipeline();
    for (const suspect of asked)
      if (suspect.kind === "registry") pipeline.sscan(suspect.key, 0, "COUNT", membersPerRegistry);
      else for (const key of suspect.probes) pipeline.type(key);
    const replies = (await pipeline.exec()) ?? [];
    refusal = null;
    let at = 0;
    for (const suspect of asked) {
      const count = suspect.kind === "registry" ? 1 : suspect.probes.length;
      const answers = replies.slice(at, at + count);
      at += count;
      const error = answers.find(([failure]) => failure)?.[0];
      if (error) {
        if (!error.message.startsWith("WRONGTYPE")) refusal = error.message;
        drop(suspect);
        continue;
      }
      const queues = readingOf(
        suspect,
        answers.map(([, value]) => value),
      );
      if (queues.length === 0) drop(suspect);
      for (const queue of queues) keep(queue, suspect.kind === "registry" ? null : suspect);
    }
  };

  const readLengths = async () => {
    const isDue = clock.now() - lengthsAtMs >= lengthsEveryMs;
    if (isDue) lengthsAtMs = clock.now();
    const lists = [...known].filter(
      ([, { queue, depth, fault }]) => queue.isList && (isDue || (depth === null && fault === null)),
    );
    const pipeline = redis.pipeline();
    for (const [, { queue }] of lists) pipeline.llen(queue.key);
    const replies = lists.length === 0 ? [] : ((await pipeline.exec()) ?? []);
    lists.forEach(([id, each], index) => {
      const [error, length] = replies[index] ?? [null, null];
      if (error?.message.startsWith("WRONGTYPE")) known.delete(id);
      each.fault = error ? error.message : null;
      each.depth = typeof length === "number" ? length : null;
      if (length !== 0) each.seenAtMs = clock.now();
      else if (clock.now() - each.seenAtMs > keptEmptyMs) known.delete(id);
    });
  };

  return {
    /** Takes a key that the scan passed; asks nothing yet. */
    pass(key: string) {
      const suspect = suspectOf(key);
      if (suspect && !refused.has(suspect.id) && pending.size < mostPending) pending.set(suspect.id, suspect);
    },
    /** Takes the streams that a scan passed, and keeps those with consumer groups. */
    async passStreams(keys: readonly string[]) {
      const fresh = keys.filter((key) => !refused.has(`stream ${key}`)).slice(0, streamsPerStep);
      if (fresh.length === 0) return;
      const pipeline = redis.pipeline();
      for (const key of fresh) pipeline.xinfo("GROUPS", key);
      const replies = (await pipeline.exec()) ?? [];
      fresh.forEach((key, index) => {
        const groups = replies[index]?.[1];
        const queue = { system: "Stream", name: key, key, isList: false };
        if (Array.isArray(groups) && groups.length > 0) keep(queue, null);
        else {
          known.delete(idOf(queue));
          if (refused.size < mostRefused) refused.add(`stream ${key}`);
        }
      });
    },
    /** One bounded step: confirms suspects and reads the lengths of lists; call it every tick. */
    async step() {
      const nowMs = clock.now();
      if (nowMs - refusedAtMs >= confirmEveryMs) {
        refused = new Set();
        refusedAtMs = nowMs;
      }
      if (nowMs - confirmedAtMs >= confirmEveryMs) {
        confirmedAtMs = nowMs;
        left = new Set();
        for (const { suspect } of known.values()) if (suspect) pending.set(suspect.id, suspect);
      }
      await confirm();
      await readLengths();
    },
    found: (): readonly FoundQueue[] =>
      [...known.values()].map(({ queue, depth, fault }) => ({
        system: queue.system,
        name: queue.name,
        key: queue.key,
        isList: queue.isList,
        depth: queue.isList ? depth : null,
        reason: reasonOf(queue, fault),
      })),
    /** How many more there are than are remembered, at least. */
    more: () => left.size,
    /** Why types of keys cannot be read, in the server's own words; null if they can. */
    refusal: () => refusal,
  };
}

const idOf = ({ key, isList }: OtherQueue) => `${isList ? "list" : "named"} ${key}`;

function readingOf(suspect: Suspect, answers: readonly unknown[]): readonly OtherQueue[] {
  if (suspect.kind === "registry") {
    const [, members] = Array.isArray(answers[0]) ? answers[0] : [];
    if (!Array.isArray(members)) return [];
    return members.flatMap((member) => suspect.queueOf(String(member)) ?? []);
  }
  const queue = suspect.confirm(answers.map(String));
  return queue === null ? [] : [queue];
}

function reasonOf({ system, isList }: OtherQueue, fault: string | null): string {
  if (isList)
    return fault === null
      ? "Length only: a list records no age, workers or failures"
      : `Its length cannot be read: ${fault.slice(0, 200)}`;
  if (system === "Stream") return "Found, not read: what waits in a stream differs for each consumer group";
  return `Found, not read: Wheelhouse reads the jobs of BullMQ, not of ${system}`;
}
