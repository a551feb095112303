import { z } from "zod";
import { breakerCommand, breakerFigures, breakerState } from "../breakers.ts";
import { timestamp } from "../endpoint.ts";

const name = z.string().min(1).max(200);
const count = z.number().nonnegative();

/** A breaker of one process, in the normal form of every library. Never holds arguments or messages of calls. */
const reportedBreaker = z.object({
  name,
  library: z.string().min(1).max(50),
  state: breakerState,
  since: timestamp.nullable(),
  nextProbeAt: timestamp.nullable(),
  ...breakerFigures,
  threshold: z.number().nullable(),
  coolDownMs: z.number().nullable(),
  commands: z.array(breakerCommand).max(3),
  /** Newest changes of state, oldest first: what a reading each second would miss. */
  transitions: z.array(z.object({ at: timestamp, state: breakerState })).max(20),
});
export type ReportedBreaker = z.infer<typeof reportedBreaker>;

/** Counted over the cache's `windowMs`. */
const groupCounts = z.object({ group: z.string().max(200), hits: count, misses: count });

/** A named cache of one process, as the application itself counts it. */
const reportedCache = z.object({
  name,
  /** Why it does not work as it should, in words (serves from memory alone, …); null when it does. */
  problem: z.string().max(300).nullable(),
  /** Hit ratio (0–1) below which it counts as degraded; null: none. */
  threshold: z.number().nullable(),
  /** The counts below are of this last stretch of time: 60 s, less for a process that is younger. */
  windowMs: count,
  /** Nearest first. A hit is counted at the level that had it; a miss when no level did. */
  levels: z
    .array(
      z.object({
        level: z.enum(["memory", "redis"]),
        hits: count,
        entries: count.nullable(),
        sizeBytes: count.nullable(),
      }),
    )
    .max(4),
  misses: count,
  sets: count,
  evictions: count.nullable(),
  /** Misses that were filled, and the time that it took in all. */
  loads: count,
  loadMsTotal: count,
  /** Calls that waited for the load of another (a stampede that was held off); null or left out: not told. */
  coalesced: count.nullable().optional(),
  /** With most calls first. */
  groups: z.array(groupCounts).max(30),
  tags: z.array(z.string().max(200)).max(50),
  invalidateBy: z.array(z.enum(["key", "pattern", "tag"])).max(3),
});
export type ReportedCache = z.infer<typeof reportedCache>;

/** How late the event loop of a process was over the last `windowMs`. */
export const eventLoopFigures = z.object({
  windowMs: count,
  /** How much later than due its timers came: 99th percentile and longest. */
  delayMsP99: count,
  delayMsMax: count,
  /** Share (0–1) of the time in which it was not idle. */
  busyRatio: z.number().min(0).max(1),
});
export type EventLoopFigures = z.infer<typeof eventLoopFigures>;

const reportedProcess = z.object({
  /** What the process does, in words, such as its roles. */
  about: z.string().min(1).max(100),
  /** Since it began: tells whether it stands for one that was not heard any more by then. */
  upMs: count.optional(),
  /** Null until it was measured once. */
  eventLoop: eventLoopFigures.nullable(),
});
export type ReportedProcess = z.infer<typeof reportedProcess>;

/** What one process of a watched service tells of itself, each interval anew and whole. */
export const report = z.object({
  version: z.literal(1),
  service: name,
  instance: name,
  reportedAt: timestamp,
  intervalMs: z.number().int().min(200).max(600_000),
  breakers: z.array(reportedBreaker).max(200),
  caches: z.array(reportedCache).max(100),
  /** Left out by programs that tell nothing of their process. */
  process: reportedProcess.optional(),
});
export type Report = z.infer<typeof report>;

/**
 * Sorted set of all reports of a Redis: member `<service>:<instance>`, each percent-encoded; score: when the server took
 * it, in ms of the server's clock, so that an instance whose clock is off is not old.
 */
export const reportsKey = "wheelhouse:reports";
/** A report lives so many intervals. */
export const reportLifeIntervals = 5;
/** So long it is remembered that an instance once reported. */
export const reportMemoryMs = 600_000;

export const reportMember = (service: string, instance: string) =>
  `${encodeURIComponent(service)}:${encodeURIComponent(instance)}`;
export const reportKeyOf = (member: string) => `wheelhouse:report:${member}`;
