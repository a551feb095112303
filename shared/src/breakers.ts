import { z } from "zod";
import { defineEndpoint, pastMoment, timestamp } from "./endpoint.ts";
import { observation, series } from "./health/health.ts";
import { defineTopic } from "./live/topic.ts";
import { commandKept, operation } from "./operations.ts";
import { compareNumeric } from "./order.ts";
import { problem } from "./overview.ts";
import { reasonText } from "./reason.ts";

/**
 * `forced_open` (nothing passes) and `disabled` (held closed: calls pass whatever fails) are an operator's doing and
 * last until they are reset.
 */
export const breakerState = z.enum(["closed", "half_open", "open", "forced_open", "disabled", "unknown"]);
export type BreakerState = z.infer<typeof breakerState>;

/** What protects the call: trips on failures, or limits how many run at a time (Envoy), which fails nothing. */
export const breakerKind = z.enum(["failure", "concurrency"]);

/** Over the window of its library, by instance; null where the library does not tell. */
export const breakerFigures = {
  /** 0–1; null: too few calls, or not told. */
  failureRatio: z.number().nullable(),
  slowRatio: z.number().nullable(),
  /** All that were asked for, those refused among them. */
  callsPerMinute: z.number().nullable(),
  /** Failed, and those refused: what its callers lost. */
  failedPerMinute: z.number().nullable(),
  /** Refused without a call. */
  refusedPerMinute: z.number().nullable(),
  latencyMsP50: z.number().nullable(),
  latencyMsP95: z.number().nullable(),
  latencyMsP99: z.number().nullable(),
};

/** When a state began, as far as it was seen. `failureRatio` (0–1) at that moment; null when not told. */
export const breakerMove = z.object({
  at: timestamp,
  state: breakerState,
  failureRatio: z.number().nullable(),
});
export type BreakerMove = z.infer<typeof breakerMove>;

/** States of the last 24 hours, oldest first; the first is the one that was found, the last the one of now. */
const moves = z.array(breakerMove).max(20);

/** One breaker in one process: the normal form of every library. */
export const breakerInstance = z.object({
  instance: z.string(),
  state: breakerState,
  /** How the state is known where its library does not tell it, or what limits it; null otherwise. */
  note: z.string().nullable(),
  moves,
  /** When the state began as far as it was seen. */
  since: timestamp.nullable(),
  /** When a probe may pass; in the past: the next call probes ("probe due"). Null when none is planned. */
  nextProbeAt: timestamp.nullable(),
  ...breakerFigures,
  ...observation,
});
export type BreakerInstance = z.infer<typeof breakerInstance>;

/**
 * `open`: nothing passes until it is reset. `close`: held closed until it is reset. `reset`: lets go of either, and
 * begins anew as closed.
 */
export const breakerCommand = z.enum(["open", "close", "reset"]);
export type BreakerCommand = z.infer<typeof breakerCommand>;

/** The command of an operator that holds a breaker open or closed. */
const forced = z.object({
  by: z.string(),
  at: timestamp,
  reason: z.string(),
  command: z.enum(["open", "close"]),
});
export type Forced = z.infer<typeof forced>;

/** A breaker over all instances of its service. */
export const breakerRow = z.object({
  /** `<service>~<name>`, each part percent-encoded: see SETTLED 25. */
  id: z.string(),
  name: z.string(),
  service: z.string(),
  /** `opossum`, `cockatiel`, `resilience4j`, `Polly`, `Envoy`, `Wheelhouse`. */
  library: z.string(),
  kind: breakerKind,
  /** The worst of its instances that are heard; unknown when none is. */
  state: breakerState,
  /** In words: "2 of 5 open". */
  label: z.string(),
  cause: z.string().nullable(),
  since: timestamp.nullable(),
  moves,
  instances: z.array(breakerInstance),
  ...breakerFigures,
  /** Failure ratio (0–1) at which it opens; null when not told. */
  threshold: z.number().nullable(),
  coolDownMs: z.number().nullable(),
  /** What its library can be told; empty: watch only. */
  commands: z.array(breakerCommand),
  /** Who holds some instance of it; null while nobody does, and when the command is too long ago. */
  forced: forced
    .nullable()
    // Frames from before it was told have none.
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

const rank: Record<BreakerState, number> = {
  open: 0,
  half_open: 1,
  forced_open: 2,
  unknown: 3,
  disabled: 4,
  closed: 5,
};

/** Most failed calls per minute first, so that a ratio of 100% on 2 calls does not lead; then by state. */
export const breakerTopic = defineTopic({
  name: "breakers",
  kind: "rows",
  capability: "breakers:read",
  history: ["breaker"],
  journal: "breaker",
  row: breakerRow,
  list: breakerList,
  order: (a, b) =>
    (b.failedPerMinute ?? 0) - (a.failedPerMinute ?? 0) ||
    rank[a.state] - rank[b.state] ||
    (b.failureRatio ?? 0) - (a.failureRatio ?? 0) ||
    compareNumeric(a.name, b.name) ||
    compareNumeric(a.id, b.id),
});

export const listBreakers = defineEndpoint({
  method: "GET",
  path: "/breakers",
  summary: "Circuit breakers over all instances, most failed calls first, from the collector's snapshot",
  access: "breakers:read",
  snapshot: true,
  query: pastMoment,
  response: breakerList,
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
    /** The newest recorded change before it opened; null while it is not open, or when none is known. */
    changedBefore: problem.shape.changedBefore,
  }),
});

const breakerCommandBody = z.strictObject({
  reason: reasonText,
  /** Left out: all instances that are known now. */
  instances: z.array(z.string().min(1).max(200)).min(1).max(200).optional(),
});

const commandBreaker = {
  method: "POST",
  access: "breakers:act",
  params: z.strictObject({ id: z.string().min(1).max(1000) }),
  body: breakerCommandBody,
  response: operation,
  late: true,
} as const;

export const forceBreakerOpen = defineEndpoint({
  ...commandBreaker,
  path: "/breakers/:id/open",
  summary: "Opens a breaker on its instances until it is reset; nothing passes",
  action: "breakers.breaker.open",
  keeps: commandKept,
});

export const forceBreakerClosed = defineEndpoint({
  ...commandBreaker,
  path: "/breakers/:id/close",
  summary: "Holds a breaker closed on its instances until it is reset; calls pass whatever fails",
  action: "breakers.breaker.close",
  keeps: commandKept,
});

export const resetBreaker = defineEndpoint({
  ...commandBreaker,
  path: "/breakers/:id/reset",
  summary: "Lets go of a forced breaker on its instances, which begins anew as closed",
  action: "breakers.breaker.reset",
  keeps: commandKept,
});

export const readBreakerOperation = defineEndpoint({
  method: "GET",
  path: "/breakers/operations/:id",
  summary: "What became of a command to a breaker, by instance",
  access: "breakers:read",
  params: z.strictObject({ id: z.uuid() }),
  response: operation,
});
