import { z } from "zod";
import { type BreakerState, breakerCommand, breakerFigures, breakerState } from "./breaker-state.ts";
import { defineEndpoint, paging, pastMoment, timestamp } from "./endpoint.ts";
import { observation, series } from "./health/health.ts";
import { defineTopic } from "./live/topic.ts";
import { commandKept, operation } from "./operations.ts";
import { compareNumeric } from "./order.ts";
import { problem } from "./overview.ts";
import { reasonText } from "./reason.ts";

/**
 * What protects the call: a trip on failures, or a limit on concurrent calls (Envoy), which does not fail
 * calls.
 */
export const breakerKind = z.enum(["failure", "concurrency"]);

/**
 * Start of a state, as far as it was observed. `failureRatio` (0–1) at that moment; null when not reported.
 */
export const breakerMove = z.object({
  at: timestamp,
  state: breakerState,
  failureRatio: z.number().nullable(),
});
export type BreakerMove = z.infer<typeof breakerMove>;

/**
 * States of the last 24 hours, oldest first; the first is the one found initially, the last the current one.
 */
const moves = z.array(breakerMove).max(20);

/** One breaker in one process, in the common shape of all libraries. */
export const breakerInstance = z.object({
  instance: z.string(),
  state: breakerState,
  /**
   * How the state is known where the library does not report it, or which limit was reached; null otherwise.
   */
  note: z.string().nullable(),
  moves,
  /** Start of the state, as far as it was observed. */
  since: timestamp.nullable(),
  /**
   * When a probe may pass; a time in the past means that the next call probes ("probe due"). Null when none
   * is planned.
   */
  nextProbeAt: timestamp.nullable(),
  ...breakerFigures,
  ...observation,
});
export type BreakerInstance = z.infer<typeof breakerInstance>;

/** The command of an operator that forces a breaker open or closed. */
const forced = z.object({
  by: z.string(),
  at: timestamp,
  reason: z.string(),
  command: z.enum(["open", "close"]),
  /** When Wheelhouse resets it; null: a person has to. Older frames do not contain it. */
  until: timestamp.nullable().default(null),
});
export type Forced = z.infer<typeof forced>;

/** A breaker over all instances of its service. */
export const breakerRow = z.object({
  /** `<service>~<name>`, each part percent-encoded. */
  id: z.string(),
  name: z.string(),
  service: z.string(),
  /** `opossum`, `cockatiel`, `resilience4j`, `Polly`, `Envoy`, `Wheelhouse`. */
  library: z.string(),
  kind: breakerKind,
  /** The worst state of its instances with data; unknown when there is none. */
  state: breakerState,
  /** Such as "2 of 5 open". */
  label: z.string(),
  cause: z.string().nullable(),
  since: timestamp.nullable(),
  moves,
  instances: z.array(breakerInstance),
  ...breakerFigures,
  /** Failure ratio (0–1) at which it opens; null when not reported. */
  threshold: z.number().nullable(),
  coolDownMs: z.number().nullable(),
  /** Commands its library supports; empty for a read-only breaker. */
  commands: z.array(breakerCommand),
  /** The override on some instance; null without one, and when its command is too old to be found. */
  forced: forced
    .nullable()
    // Older frames do not contain it.
    .default(null),
  ...observation,
});
export type BreakerRow = z.infer<typeof breakerRow>;

export const breakerList = z.object({
  ...observation,
  /** In the order of `breakerTopic`. */
  items: z.array(breakerRow),
  nextCursor: z.null(),
});
export type BreakerList = z.infer<typeof breakerList>;

/**
 * Share (0–1) of the calls of the last minute that failed or were rejected, over the same window as `failedPerMinute`
 * beside it: a library judges its own ratio over a window of its own. That one where calls are not counted; null
 * without calls.
 */
export const failedShareOf = ({
  failedPerMinute,
  callsPerMinute,
  failureRatio,
}: Pick<BreakerInstance, "failedPerMinute" | "callsPerMinute" | "failureRatio">): number | null => {
  if (failedPerMinute === null || callsPerMinute === null) return failureRatio;
  return callsPerMinute === 0 ? null : Math.min(failedPerMinute / callsPerMinute, 1);
};

const rank: Record<BreakerState, number> = {
  open: 0,
  half_open: 1,
  forced_open: 2,
  disabled: 3,
  unknown: 4,
  closed: 5,
};

/** By state, the open ones first; then most failed calls per minute, so that 100% of 2 calls does not lead. */
export const breakerTopic = defineTopic({
  name: "breakers",
  kind: "rows",
  capability: "breakers:read",
  history: ["breaker"],
  journal: "breaker",
  row: breakerRow,
  list: breakerList,
  order: (a, b) =>
    rank[a.state] - rank[b.state] ||
    (b.failedPerMinute ?? 0) - (a.failedPerMinute ?? 0) ||
    (b.failureRatio ?? 0) - (a.failureRatio ?? 0) ||
    compareNumeric(a.name, b.name) ||
    compareNumeric(a.id, b.id),
});

export const listBreakers = defineEndpoint({
  method: "GET",
  path: "/breakers",
  summary:
    "Circuit breakers over all instances, open ones first, then most failed calls, from the collector's snapshot",
  access: "breakers:read",
  snapshot: true,
  query: pastMoment,
  response: breakerList,
});

/** A change of state of one instance, or of the breaker as a whole. */
const storedMove = z.object({
  id: z.uuid(),
  at: timestamp,
  /** Id and name of the breaker. */
  breaker: z.string(),
  name: z.string(),
  /** Null for the breaker as a whole. */
  instance: z.string().nullable(),
  /** Null for the state that was found first: what was before is not known. */
  from: breakerState.nullable(),
  to: breakerState,
  /** 0–1, at that moment; null when not reported. */
  failureRatio: z.number().nullable(),
});
export type StoredMove = z.infer<typeof storedMove>;

export const listBreakerMoves = defineEndpoint({
  method: "GET",
  path: "/breakers/moves",
  summary:
    "Changes of state of breakers from the stored history of 30 days, newest first, with their true number",
  access: "breakers:read",
  query: z.strictObject({
    /** One breaker by its id; all by default. */
    breaker: z.string().min(1).max(600).optional(),
    /** `instances` (default) or the breakers as a whole. */
    of: z.enum(["instances", "breakers"]).default("instances"),
    from: timestamp,
    to: timestamp,
    cursor: paging.cursor,
    limit: z.coerce.number().int().min(1).max(1_000).default(200),
  }),
  response: z.object({
    items: z.array(storedMove),
    nextCursor: z.string().nullable(),
    /** All changes within the range, listed or not; the states found first are none. */
    total: z.number(),
  }),
});

export const readBreaker = defineEndpoint({
  method: "GET",
  path: "/breakers/:id",
  summary: "One breaker with its failures over the last minutes",
  access: "breakers:read",
  snapshot: true,
  params: z.strictObject({ id: z.string().min(1).max(600) }),
  query: pastMoment,
  response: z.object({
    ...observation,
    breaker: breakerRow,
    /** 0–1 over all instances. */
    failureRatio: series,
    failedPerMinute: series,
    /** The latest recorded change before it opened; null while it is not open, or when none is known. */
    changedBefore: problem.shape.changedBefore,
    /** The problem that makes it open; null when it is a problem of its own, or none. */
    effectOf: z
      .object({ subject: z.string(), title: z.string(), since: timestamp, path: z.string() })
      .nullable(),
  }),
});

const commandBody = {
  reason: reasonText,
  /** When omitted: all instances known now. */
  instances: z.array(z.string().min(1).max(200)).min(1).max(200).optional(),
};
const shortestHoldMs = 60_000;
const longestHoldMs = 7 * 86_400_000;
const forceBody = z.strictObject({
  ...commandBody,
  /** How long the override lasts; then Wheelhouse resets the breaker. Without it, until somebody does. */
  holdMs: z.number().int().min(shortestHoldMs).max(longestHoldMs).optional(),
});

const commandBreaker = {
  method: "POST",
  access: "breakers:act",
  params: z.strictObject({ id: z.string().min(1).max(1000) }),
  response: operation,
  late: true,
} as const;
const forceKept = [...commandKept, "until"] as const;

export const forceBreakerOpen = defineEndpoint({
  ...commandBreaker,
  path: "/breakers/:id/open",
  summary: "Forces a breaker open on its instances until its end or a reset; all calls are rejected",
  body: forceBody,
  action: "breakers.breaker.open",
  keeps: forceKept,
});

export const forceBreakerClosed = defineEndpoint({
  ...commandBreaker,
  path: "/breakers/:id/close",
  summary:
    "Forces a breaker closed on its instances until its end or a reset; calls pass even when they fail",
  body: forceBody,
  action: "breakers.breaker.close",
  keeps: forceKept,
});

export const resetBreaker = defineEndpoint({
  ...commandBreaker,
  path: "/breakers/:id/reset",
  summary: "Removes the override of a breaker on its instances, which then starts as closed",
  body: z.strictObject(commandBody),
  action: "breakers.breaker.reset",
  keeps: commandKept,
});

export const readBreakerOperation = defineEndpoint({
  method: "GET",
  path: "/breakers/operations/:id",
  summary: "Outcome of a command to a breaker, by instance",
  access: "breakers:read",
  params: z.strictObject({ id: z.uuid() }),
  response: operation,
});
