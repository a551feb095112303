import type { BreakerRow, BreakerState } from "@wheelhouse/shared/breakers.ts";

/** Sums since the process began; null where the library does not count them. */
export type Counts = {
  /** All that were asked for, those refused among them. */
  calls: number | null;
  /** Failed, and those refused. */
  failed: number | null;
  refused: number | null;
};

/** Upper bound in ms and how many calls took at most so long, since the process began; lowest bound first. */
export type LatencyBuckets = readonly (readonly [boundMs: number, count: number])[];

/** What one answer of one process says of one breaker, before it is compared with the answer before. */
export type ScrapedBreaker = {
  name: string;
  /** Labels that tell its series from others of the same name, such as `group="eu"`; empty when there are none. */
  variant: string;
  library: "resilience4j" | "opossum" | "Polly" | "Envoy";
  kind: BreakerRow["kind"];
  /** Null: no state is told; it has to be derived from `events`. */
  state: BreakerState | null;
  /** Times it opened, closed and half-opened since the process began; null when the state is told. */
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

/** A breaker of which nothing is known yet but its name. */
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

/** Percent as a ratio; null for −1 (too few calls) and for what is no number. */
export const ratioOfPercent = (percent: number | undefined): number | null =>
  percent === undefined || !Number.isFinite(percent) || percent < 0 ? null : percent / 100;
