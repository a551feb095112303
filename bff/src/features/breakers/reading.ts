import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerInstance, BreakerMove, BreakerRow } from "@wheelhouse/shared/breakers.ts";

/**
 * One breaker in one process as one source reports it. Created once per sample and never mutated, so that a
 * new identity means new data.
 */
export type BreakerReading = {
  organization: string;
  service: string;
  instance: string;
  name: string;
  /** Last part of the row's id: the name, unless the name can change. */
  key: string;
  /** The source it was read from, as known to the board's `isWatched`. */
  source: string;
  /**
   * Several sources can report the same breaker: the highest has the most detail, the others fill in missing
   * fields.
   */
  rank: 1 | 2 | 3;
  library: string;
  kind: BreakerRow["kind"];
  state: BreakerState;
  note: string | null;
  /** As reported by the library; null: since the board first saw it. */
  sinceMs: number | null;
  nextProbeAtMs: number | null;
  /** Latest state changes seen by the source itself, oldest first. */
  moves: readonly BreakerMove[];
  figures: BreakerFigures;
  threshold: number | null;
  coolDownMs: number | null;
  commands: BreakerRow["commands"];
  observedAtMs: number;
  intervalMs: number;
};

export type BreakerFigures = Pick<
  BreakerInstance,
  | "failureRatio"
  | "slowRatio"
  | "callsPerMinute"
  | "failedPerMinute"
  | "refusedPerMinute"
  | "latencyMsP50"
  | "latencyMsP95"
  | "latencyMsP99"
>;

export const noFigures: BreakerFigures = {
  failureRatio: null,
  slowRatio: null,
  callsPerMinute: null,
  failedPerMinute: null,
  refusedPerMinute: null,
  latencyMsP50: null,
  latencyMsP95: null,
  latencyMsP99: null,
};
