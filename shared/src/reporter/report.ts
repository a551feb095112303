import { z } from "zod";
import { breakerCommand, breakerFigures, breakerState } from "../breaker-state.ts";
import { timestamp } from "../endpoint.ts";

const name = z.string().min(1).max(200);
const count = z.number().nonnegative();

/**
 * A breaker of one process, in the common shape of all libraries. Never contains arguments or messages of
 * calls.
 */
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
  /** Latest state changes, oldest first: a reading each second would miss some. */
  transitions: z.array(z.object({ at: timestamp, state: breakerState })).max(20),
});
export type ReportedBreaker = z.infer<typeof reportedBreaker>;

/** Counted over the cache's `windowMs`. */
const groupCounts = z.object({ group: z.string().max(200), hits: count, misses: count });

/** A named cache of one process, as counted by the application itself. */
const reportedCache = z.object({
  name,
  /** Why it does not work properly, in words (such as serving from memory alone); null when it does. */
  problem: z.string().max(300).nullable(),
  /** Hit ratio (0–1) below which it counts as degraded; null without a threshold. */
  threshold: z.number().nullable(),
  /** Window of the counts below: 60 s, less for a younger process. */
  windowMs: count,
  /** Nearest first. A hit is counted at the level that had the key; a miss when no level did. */
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
  /** Filled misses, and their total duration. */
  loads: count,
  loadMsTotal: count,
  /** Calls that waited for another call's load; null or omitted: not reported. */
  coalesced: count.nullable().optional(),
  /** Most calls first. */
  groups: z.array(groupCounts).max(30),
  tags: z.array(z.string().max(200)).max(50),
  invalidateBy: z.array(z.enum(["key", "pattern", "tag"])).max(3),
});
export type ReportedCache = z.infer<typeof reportedCache>;

/** Event loop lag of a process over the last `windowMs`. */
export const eventLoopFigures = z.object({
  windowMs: count,
  /** Delay of its timers: 99th percentile and maximum. */
  delayMsP99: count,
  delayMsMax: count,
  /** Share (0–1) of the time in which it was busy. */
  busyRatio: z.number().min(0).max(1),
});
export type EventLoopFigures = z.infer<typeof eventLoopFigures>;

const reportedProcess = z.object({
  /** What the process does, in words, such as its roles. */
  about: z.string().min(1).max(100),
  /** Uptime: shows whether it replaces a process that had stopped reporting by then. */
  upMs: count.optional(),
  /** Null until the first measurement. */
  eventLoop: eventLoopFigures.nullable(),
});
export type ReportedProcess = z.infer<typeof reportedProcess>;

/** The complete report of one process of a watched service, sent at each interval. */
export const report = z.object({
  version: z.literal(1),
  service: name,
  instance: name,
  reportedAt: timestamp,
  intervalMs: z.number().int().min(200).max(600_000),
  breakers: z.array(reportedBreaker).max(200),
  caches: z.array(reportedCache).max(100),
  /** Omitted by applications that do not report on their process. */
  process: reportedProcess.optional(),
});
export type Report = z.infer<typeof report>;

/**
 * Sorted set of all reports in a Redis server: member `<service>:<instance>`, each percent-encoded; score:
 * when the server received it, in ms of the server's clock, so that a wrong clock of an instance does not
 * make it look old.
 */
export const reportsKey = "wheelhouse:reports";
/** Lifetime of a report in intervals. */
export const reportLifeIntervals = 5;
/** How long an instance that stopped reporting is remembered. */
export const reportMemoryMs = 600_000;

export const reportMember = (service: string, instance: string) =>
  `${encodeURIComponent(service)}:${encodeURIComponent(instance)}`;
export const reportKeyOf = (member: string) => `wheelhouse:report:${member}`;
