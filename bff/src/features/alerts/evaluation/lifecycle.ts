import type { RuleDefinition } from "@wheelhouse/shared/alerts/rules.ts";

/**
 * What a tick says of a condition: `between` the thresholds it neither holds nor has cleared; `unknown` is no data;
 * `warming` a window that is not filled yet.
 */
export type Verdict = "holds" | "clear" | "between" | "unknown" | "warming";

/** The alert of one rule and one thing. */
export type Phase = {
  state: "pending" | "firing" | "resolved";
  sinceMs: number;
  clearingSinceMs: number | null;
  noDataSinceMs: number | null;
  /** The newest moments at which it fired, oldest first. */
  fires: readonly number[];
};
export type Timing = Pick<
  RuleDefinition,
  "forMs" | "resolveForMs" | "keepFiringForMs" | "flapHoldMs" | "noData"
>;

const flapWithinMs = 30 * 60_000;
const flapTimes = 3;
const mostFires = 10;

/** It fired three times within half an hour. */
export const isFlapping = ({ fires }: Pick<Phase, "fires">, nowMs: number): boolean =>
  fires.filter((at) => nowMs - at < flapWithinMs).length >= flapTimes;

const begun = (state: Phase["state"], nowMs: number, fires: readonly number[]): Phase => ({
  state,
  sinceMs: nowMs,
  clearingSinceMs: null,
  noDataSinceMs: null,
  fires,
});
const fired = (fires: readonly number[], nowMs: number): Phase =>
  begun("firing", nowMs, [...fires, nowMs].slice(-mostFires));

/** There is data again, though not enough for a verdict. */
const withData = (phase: Phase): Phase =>
  phase.noDataSinceMs === null ? phase : { ...phase, noDataSinceMs: null };

/** The setting of a rule decides what no data means. */
function settled(verdict: Verdict, { noData }: Timing): Verdict {
  if (verdict !== "unknown") return verdict;
  if (noData === "fire") return "holds";
  return noData === "ok" ? "clear" : "unknown";
}

/**
 * The next phase of an alert; the same object while nothing changes, null when there is none. What fires ends only
 * when its condition is known not to hold: no data never resolves.
 */
export function advance(phase: Phase | null, verdict: Verdict, timing: Timing, nowMs: number): Phase | null {
  const now = settled(verdict, timing);
  if (phase === null || phase.state === "resolved") return begin(phase, now, timing, nowMs);
  if (phase.state === "pending") return pending(phase, now, timing, nowMs);
  return firing(phase, now, timing, nowMs);
}

function begin(phase: Phase | null, verdict: Verdict, { forMs }: Timing, nowMs: number): Phase | null {
  if (verdict !== "holds") return phase;
  const fires = phase?.fires ?? [];
  return forMs === 0 ? fired(fires, nowMs) : begun("pending", nowMs, fires);
}

function pending(phase: Phase, verdict: Verdict, { forMs }: Timing, nowMs: number): Phase | null {
  if (verdict === "warming") return withData(phase);
  // Without data it neither fires nor starts again.
  if (verdict === "unknown") return phase.noDataSinceMs === null ? { ...phase, noDataSinceMs: nowMs } : phase;
  if (verdict !== "holds") return phase.fires.length === 0 ? null : begun("resolved", nowMs, phase.fires);
  if (nowMs - phase.sinceMs >= forMs) return fired(phase.fires, nowMs);
  return phase.noDataSinceMs === null ? phase : { ...phase, noDataSinceMs: null };
}

function firing(phase: Phase, verdict: Verdict, timing: Timing, nowMs: number): Phase {
  if (verdict === "warming") return withData(phase);
  if (verdict === "unknown")
    return phase.noDataSinceMs === null ? { ...phase, noDataSinceMs: nowMs, clearingSinceMs: null } : phase;
  const { clearingSinceMs, noDataSinceMs } = phase;
  if (verdict !== "clear")
    return clearingSinceMs === null && noDataSinceMs === null
      ? phase
      : { ...phase, clearingSinceMs: null, noDataSinceMs: null };
  const sinceMs = clearingSinceMs ?? nowMs;
  const { resolveForMs, keepFiringForMs, flapHoldMs } = timing;
  const neededMs = Math.max(resolveForMs, keepFiringForMs, isFlapping(phase, nowMs) ? flapHoldMs : 0);
  if (nowMs - sinceMs >= neededMs) return begun("resolved", nowMs, phase.fires);
  return clearingSinceMs === null || noDataSinceMs !== null
    ? { ...phase, clearingSinceMs: sinceMs, noDataSinceMs: null }
    : phase;
}

/**
 * Moves what is being timed with the clock, so that a step of the clock neither fires nor resolves anything early or
 * late. Moments at which it fired move, too.
 */
export function shifted(phase: Phase, byMs: number): Phase {
  const moved = (ms: number | null) => (ms === null ? null : ms + byMs);
  return {
    state: phase.state,
    sinceMs: phase.sinceMs + byMs,
    clearingSinceMs: moved(phase.clearingSinceMs),
    noDataSinceMs: moved(phase.noDataSinceMs),
    fires: phase.fires.map((at) => at + byMs),
  };
}
