import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";
import { createReadOnlyLua, loadLua } from "#lib/redis/lua.ts";

const queuesPerCall = 250;
const schedulersMax = 5_000;
/** Most event entries that one call reads, which takes about a millisecond of the server's time. */
const eventBudget = 1_000;
/** Definitions that are read again in each call, in turn: a program may have changed them. */
const refreshedPerQueue = 20;
const definitionsPerQueue = 200;

const script = loadLua(new URL("./sample-schedulers.lua", import.meta.url));

/** A queue in which schedulers may be found. */
export type ScheduledQueue = { base: string; id: string; name: string; prefix: string };

/** One scheduler as its Redis holds it. */
export type Scheduler = {
  key: string;
  name: string;
  pattern: string | null;
  everyMs: number | null;
  timeZone: string | null;
  startMs: number | null;
  endMs: number | null;
  /** `repeat:<…>:`, before the time in the ids of its jobs. */
  jobPrefix: string;
  /** A repeatable of BullMQ 4 and earlier, which cannot be changed without its library. */
  isLegacy: boolean;
};
export type SchedulerReading = Scheduler & { nextMs: number };
export type JobState = {
  state: "gone" | "there" | "completed" | "failed";
  startedMs: number | null;
  endedMs: number | null;
  reason: string;
};
export type QueueSchedulers = {
  queue: ScheduledQueue;
  /** Why they cannot be read, in the server's words; null if they can. */
  refusal: string | null;
  schedulers: SchedulerReading[];
  /** By id of the job. */
  jobs: ReadonlyMap<string, JobState>;
  /** Schedulers beyond the most that are read. */
  more: number;
};
export type SchedulersReading = { serverMs: number; queues: QueueSchedulers[] };

const text = z.string();
const reply = z.tuple([
  z.number(),
  z.array(
    z.union([
      z.literal(0),
      text,
      z.tuple([
        z.number(),
        z.array(text),
        z.array(z.union([z.literal(0), z.array(text)])),
        z.array(z.tuple([z.enum(["gone", "there", "completed", "failed"]), text, text, text])),
      ]),
    ]),
  ),
]);

const md5 = (of: string) => createHash("md5").update(of).digest("hex");
const numberOr = (value: string | undefined): number | null =>
  value === undefined || value === "" || !Number.isFinite(Number(value)) ? null : Number(value);

/** A date is stored in milliseconds, or as the program passed it. */
const dateOr = (value: string | undefined): number | null => {
  const ms = numberOr(value) ?? Date.parse(value ?? "");
  return Number.isFinite(ms) ? ms : null;
};

/** A scheduler from the hash that BullMQ 5 and later keep. */
function schedulerOf(key: string, fields: readonly string[]): Scheduler {
  const [name = "", pattern = "", every, timeZone = "", startDate, endDate] = fields;
  return {
    key,
    name: name === "" ? key : name,
    pattern: pattern === "" ? null : pattern,
    everyMs: numberOr(every),
    timeZone: timeZone === "" ? null : timeZone,
    startMs: dateOr(startDate),
    endMs: dateOr(endDate),
    jobPrefix: `repeat:${key}:`,
    isLegacy: false,
  };
}

/** BullMQ 4 and earlier write everything into the key: `name:id:endDate:tz:pattern`, or an interval in its place. */
function legacySchedulerOf(key: string): Scheduler | null {
  const match = /^([^:]*):([^:]*):(\d*):([^:]*):(.+)$/s.exec(key);
  if (!match) return null;
  const [, name = "", id = "", endDate = "", timeZone = "", rest = ""] = match;
  const isInterval = /^\d+$/.test(rest);
  return {
    key,
    name,
    pattern: isInterval ? null : rest,
    everyMs: isInterval ? Number(rest) : null,
    timeZone: timeZone === "" ? null : timeZone,
    startMs: null,
    endMs: dateOr(endDate),
    jobPrefix: `repeat:${md5(`${name}${id}${md5(key)}`)}:`,
    isLegacy: true,
  };
}

/** The job schedulers of one logical database, read by one script call per 250 queues. */
export function createSchedulersSource({
  redis,
  queues,
}: {
  redis: Redis;
  /** The queues that are known now. */
  queues(): readonly ScheduledQueue[];
}) {
  const run = createReadOnlyLua(redis, script);
  const known = new Map<string, Map<string, Scheduler>>();
  const missing = new Map<string, Set<string>>();
  let turn = 0;

  const wantedOf = (base: string) => {
    const unknown = [...(missing.get(base) ?? [])];
    const settled = [...(known.get(base)?.keys() ?? [])];
    const from = settled.length === 0 ? 0 : (turn * refreshedPerQueue) % settled.length;
    return [...new Set([...unknown, ...settled.slice(from, from + refreshedPerQueue)])].slice(
      0,
      definitionsPerQueue,
    );
  };

  function take(
    queue: ScheduledQueue,
    row: z.output<typeof reply>[1][number],
    wanted: { keys: readonly string[]; jobs: readonly (readonly [string, number])[] },
  ): QueueSchedulers {
    const none = { queue, refusal: null, schedulers: [], jobs: new Map<string, JobState>(), more: 0 };
    const { base } = queue;
    if (typeof row === "string") return Object.assign(none, { refusal: row });
    if (row === 0) {
      known.delete(base);
      missing.delete(base);
      return none;
    }
    const [total, flat, definitions, states] = row;
    const before = known.get(base) ?? new Map<string, Scheduler>();
    wanted.keys.forEach((key, at) => {
      const fields = definitions[at];
      const found = fields === undefined || fields === 0 ? legacySchedulerOf(key) : schedulerOf(key, fields);
      if (found) before.set(key, found);
    });
    const now = new Map<string, Scheduler>();
    const unknown = new Set<string>();
    const schedulers: SchedulerReading[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const key = flat[at] ?? "";
      const scheduler = before.get(key);
      if (!scheduler) {
        unknown.add(key);
        continue;
      }
      now.set(key, scheduler);
      schedulers.push(Object.assign({ nextMs: Number(flat[at + 1]) }, scheduler));
    }
    known.set(base, now);
    missing.set(base, unknown);
    const jobs = new Map<string, JobState>();
    wanted.jobs.forEach(([id], at) => {
      const [state, started, ended, reason] = states[at] ?? [];
      if (state !== undefined)
        jobs.set(id, {
          state,
          startedMs: numberOr(started),
          endedMs: numberOr(ended),
          reason: reason ?? "",
        });
    });
    return { queue, refusal: null, schedulers, jobs, more: Math.max(0, total - schedulersMax) };
  }

  return {
    /** @param open the jobs whose state is wanted, by base of their queue, and since when they may have run. */
    async read(
      open: ReadonlyMap<string, readonly (readonly [string, number])[]>,
    ): Promise<SchedulersReading> {
      turn += 1;
      const all = queues();
      const chunks = Array.from({ length: Math.ceil(all.length / queuesPerCall) }, (_, index) =>
        all.slice(index * queuesPerCall, (index + 1) * queuesPerCall).map((queue) => ({
          queue,
          wanted: { keys: wantedOf(queue.base), jobs: open.get(queue.base) ?? [] },
        })),
      );
      const replies = await run(
        chunks.map((chunk) => ({
          keys: chunk.map(({ queue }) => queue.base),
          args: [
            schedulersMax,
            eventBudget,
            ...chunk.map(({ wanted: { keys, jobs } }) =>
              keys.length + jobs.length === 0 ? "" : JSON.stringify({ keys, jobs }),
            ),
          ],
        })),
      );
      let serverMs = 0;
      const found = chunks.flatMap((chunk, index) => {
        const [nowMs, rows] = reply.parse(replies[index]);
        serverMs = nowMs;
        return chunk.map(({ queue, wanted }, at) => take(queue, rows[at] ?? 0, wanted));
      });
      return { serverMs, queues: found };
    },
  };
}
export type SchedulersSource = ReturnType<typeof createSchedulersSource>;
