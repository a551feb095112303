import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerInstance, BreakerMove, BreakerRow, StoredMove } from "@wheelhouse/shared/breakers.ts";
import { foldFlaps, type Line, type Turn } from "@wheelhouse/shared/live/flaps.ts";
import type { Tone } from "#ui/page/status.tsx";

export const stateWords: Record<BreakerState, string> = {
  open: "open",
  half_open: "half-open",
  forced_open: "forced open",
  disabled: "forced closed",
  closed: "closed",
  unknown: "unknown",
};

const badges: Record<BreakerState, { tone: Tone; label: string }> = {
  open: { tone: "down", label: "Open" },
  half_open: { tone: "degraded", label: "Half-open" },
  forced_open: { tone: "held", label: "Forced open" },
  disabled: { tone: "degraded", label: "Forced closed" },
  closed: { tone: "ok", label: "Closed" },
  unknown: { tone: "unknown", label: "Unknown" },
};
const limits: Partial<Record<BreakerState, { tone: Tone; label: string }>> = {
  open: { tone: "degraded", label: "At limit" },
  closed: { tone: "ok", label: "Within limit" },
};

/** Failures do not trip a concurrency limit, so it is never called open. */
export const badgeOf = (state: BreakerState, kind: BreakerRow["kind"]): { tone: Tone; label: string } =>
  (kind === "concurrency" ? limits[state] : undefined) ?? badges[state];

/** A stretch of one state, in shares (0–1) of the whole range; null where nothing was observed yet. */
export type Stretch = {
  state: BreakerState | null;
  /** When it begins, unique within a range. */
  atMs: number;
  width: number;
};

/** Stretches between two moments, from states that each last until the next. */
export const stretchesOf = (
  moves: readonly Pick<BreakerMove, "at" | "state">[],
  fromMs: number,
  toMs: number,
): Stretch[] => {
  const span = toMs - fromMs;
  if (span <= 0) return [];
  const bounds = [
    { state: null, atMs: Number.NEGATIVE_INFINITY },
    ...moves.map(({ at, state }) => ({ state, atMs: Date.parse(at) })),
  ];
  return bounds.flatMap(({ state, atMs }, index) => {
    const begin = Math.max(atMs, fromMs);
    const end = Math.min(bounds[index + 1]?.atMs ?? toMs, toMs);
    return end > begin ? [{ state, atMs: begin, width: (end - begin) / span }] : [];
  });
};

/** The stretches in words, for screen readers: "closed, then open" or "4 changes, now closed". */
export const describeStretches = (stretches: readonly Stretch[]): string => {
  const names = stretches.map(({ state }) => (state === null ? "not observed" : stateWords[state]));
  return names.length > 6 ? `${names.length - 1} changes, now ${names.at(-1)}` : names.join(", then ");
};

/** Overrides are acts, and what is unknown is neither better nor worse: both have lines of their own. */
const turns: Record<BreakerState, Turn> = {
  open: "worse",
  half_open: "probing",
  closed: "better",
  forced_open: null,
  disabled: null,
  unknown: null,
};

/** A change; the state that was found first is none. */
type Changed = StoredMove & { from: BreakerState };
const isChange = (move: StoredMove): move is Changed => move.from !== null;

export type MoveLine = Line<{ move: Changed; at: string; text: string; thing: string; turn: Turn }>;

/** Stored moves as lines, newest first: flaps and failing probes of an instance are one line each. */
export const linesOf = (moves: readonly StoredMove[]): MoveLine[] =>
  foldFlaps(
    moves.filter(isChange).map((move) => ({
      move,
      at: move.at,
      // The line names its breaker and instance elsewhere.
      text: move.to === "open" ? "Opened" : "Changed",
      thing: `${move.breaker} ${move.instance ?? ""}`,
      turn: move.from === "unknown" ? null : turns[move.to],
    })),
  );

/** The states within a range, oldest first, from what is stored in it; nothing before the state that was found first. */
export const statesOf = (
  moves: readonly StoredMove[],
  fromMs: number,
): Pick<BreakerMove, "at" | "state">[] => {
  const oldestFirst = moves.toSorted((a, b) => a.at.localeCompare(b.at));
  const [first] = oldestFirst;
  if (first === undefined) return [];
  const before = first.from === null ? [] : [{ at: new Date(fromMs).toISOString(), state: first.from }];
  return [...before, ...oldestFirst.map(({ at, to }) => ({ at, state: to }))];
};

const limitWords: Partial<Record<BreakerState, string>> = { open: "at its limit", closed: "within limit" };
/** The state as used within a sentence. */
export const wordOf = (state: BreakerState, kind: BreakerRow["kind"]): string =>
  (kind === "concurrency" ? limitWords[state] : undefined) ?? stateWords[state];

/** Why the state changed, as far as the two states reveal it. */
export const turnReason = ({
  from,
  to,
  failureRatio,
}: Pick<StoredMove, "from" | "to" | "failureRatio">): string => {
  if (to === "open" && from === "half_open") return "probe failed";
  if (to === "open" && failureRatio !== null) return `${(failureRatio * 100).toFixed(1)}% failed`;
  if (to === "half_open") return "probe due";
  if (to === "closed" && from === "half_open") return "recovered";
  if (to === "forced_open" || to === "disabled") return "by command";
  if (from === "forced_open" || from === "disabled") return "reset";
  if (to === "unknown") return "no longer reporting";
  return from === "unknown" ? "reporting again" : "";
};

/**
 * Time in ms until the next probe of an open instance, "due" when the next call will be the probe, null when
 * none is planned.
 */
export const probeIn = ({ state, nextProbeAt }: BreakerInstance, nowMs: number): number | "due" | null => {
  if (state !== "open" || nextProbeAt === null) return null;
  const waitMs = Date.parse(nextProbeAt) - nowMs;
  return waitMs > 0 ? waitMs : "due";
};
