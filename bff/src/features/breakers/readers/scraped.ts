import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";

/** Sums since the process started; null where the library does not count them. */
export type Counts = {
  /** All calls, including the rejected ones. */
  calls: number | null;
  /** Failed calls, including the rejected ones. */
  failed: number | null;
  refused: number | null;
};

/**
 * Upper bound in ms and the number of calls up to that duration since the process started; lowest bound
 * first.
 */
export type LatencyBuckets = readonly (readonly [boundMs: number, count: number])[];

/** One breaker in one sample of one process, before it is compared with the previous sample. */
export type ScrapedBreaker = {
  name: string;
  /**
   * Labels that distinguish its series from others of the same name, such as `group="eu"`; empty when there
   * are none.
   */
  variant: string;
  library: "resilience4j" | "opossum" | "Polly" | "Envoy";
  kind: BreakerRow["kind"];
  /** Null when the library does not report a state; it is then derived from `events`. */
  state: BreakerState | null;
  /** Times it opened, closed and half-opened since the process started; null when the state is reported. */
  events: { opened: number; closed: number; halfOpened: number } | null;
  note: string | null;
  /** 0–1. */
  failureRatio: number | null;
  slowRatio: number | null;
  threshold: number | null;
  counts: Counts;
  latencyMs: { p50: number | null; p95: number | null; p99: number | null };
  buckets: LatencyBuckets | null;
};

/** A breaker of which only the name is known. */
export const emptyBreaker = (
  name: string,
  library: ScrapedBreaker["library"],
  kind: ScrapedBreaker["kind"] = "failure",
): ScrapedBreaker => ({
  name,
  variant: "",
  library,
  kind,
  state: null,
  events: null,
  note: null,
  failureRatio: null,
  slowRatio: null,
  threshold: null,
  counts: { calls: null, failed: null, refused: null },
  latencyMs: { p50: null, p95: null, p99: null },
  buckets: null,
});

/** Converts a percentage to a ratio; null for −1 (too few calls) and for anything that is not a number. */
export const ratioOfPercent = (percent: number | undefined): number | null =>
  percent === undefined || !Number.isFinite(percent) || percent < 0 ? null : percent / 100;
