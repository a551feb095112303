import type { BreakerInstance, BreakerMove, BreakerRow, BreakerState } from "@wheelhouse/shared/breakers.ts";

/**
 * One breaker in one process as one source tells it. Made once per answer and never changed, so that who compares
 * identities sees what is new.
 */
export type BreakerReading = {
  organization: string;
  service: string;
  instance: string;
  name: string;
  /** Last part of the row's id: the name, unless the name may change. */
  key: string;
  /** Where it was read; `isWatched` of the board knows it. */
  source: string;
  /** Several sources may tell of the same breaker: the highest knows most, the others fill what it leaves out. */
  rank: 1 | 2 | 3;
  library: string;
  kind: BreakerRow["kind"];
  state: BreakerState;
  note: string | null;
  /** Told by the library; null: when the board saw it. */
  sinceMs: number | null;
  nextProbeAtMs: number | null;
  /** Newest changes of state that the source itself saw, oldest first. */
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
