import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerInstance, BreakerMove } from "@wheelhouse/shared/breakers.ts";
import { unknownAfterMs } from "@wheelhouse/shared/freshness.ts";
import type { BreakerFigures, BreakerReading } from "./reading.ts";

const mostMoves = 20;
const movesKeptMs = 24 * 3_600_000;
/** A timestamp in the future is accepted only up to this far ahead. */
const skewMs = 5_000;

const isoOf = (ms: number) => new Date(ms).toISOString();
const isoOrNull = (ms: number | null) => (ms === null ? null : isoOf(ms));

/** Time from which an observation no longer tells the state. */
export const unknownFromMs = (observedAtMs: number, intervalMs: number) =>
  observedAtMs + unknownAfterMs(intervalMs);

/** Among current sources the one with the most detail; without a current source, the newest. */
function leadingOf(readings: readonly BreakerReading[], nowMs: number): BreakerReading | undefined {
  const current = readings.filter(
    ({ observedAtMs, intervalMs }) => unknownFromMs(observedAtMs, intervalMs) > nowMs,
  );
  return current.length > 0
    ? current.toSorted((a, b) => b.rank - a.rank || b.observedAtMs - a.observedAtMs)[0]
    : readings.toSorted((a, b) => b.observedAtMs - a.observedAtMs)[0];
}

/**
 * Combines the readings of one instance: fields missing in the leading source come from other current
 * sources.
 */
export function mergeReadings(readings: readonly BreakerReading[], nowMs: number): BreakerReading | null {
  const leading = leadingOf(readings, nowMs);
  if (!leading) return null;
  const others = readings.filter(
    (each) => each !== leading && unknownFromMs(each.observedAtMs, each.intervalMs) > nowMs,
  );
  if (others.length === 0) return leading;
  const first = <T>(pick: (reading: BreakerReading) => T | null): T | null =>
    [leading, ...others].map(pick).find((value) => value !== null) ?? null;
  const figure = (key: keyof BreakerFigures) => first(({ figures }) => figures[key]);
  return {
    ...leading,
    threshold: first(({ threshold }) => threshold),
    coolDownMs: first(({ coolDownMs }) => coolDownMs),
    nextProbeAtMs: first(({ nextProbeAtMs }) => nextProbeAtMs),
    figures: {
      failureRatio: figure("failureRatio"),
      slowRatio: figure("slowRatio"),
      callsPerMinute: figure("callsPerMinute"),
      failedPerMinute: figure("failedPerMinute"),
      refusedPerMinute: figure("refusedPerMinute"),
      latencyMsP50: figure("latencyMsP50"),
      latencyMsP95: figure("latencyMsP95"),
      latencyMsP99: figure("latencyMsP99"),
    },
  };
}

/** Appends a state if it differs from the last one. Keeps the newest 20 of the last 24 hours. */
export function addMove(moves: readonly BreakerMove[], move: BreakerMove, nowMs: number): BreakerMove[] {
  if (moves.at(-1)?.state === move.state) return [...moves];
  const last = moves.at(-1);
  const at = last !== undefined && move.at < last.at ? last.at : move.at;
  return [...moves, { ...move, at }]
    .filter(
      ({ at: began }, index, all) => index === all.length - 1 || Date.parse(began) > nowMs - movesKeptMs,
    )
    .slice(-mostMoves);
}

/** The instance as it is shown. `before`: the version shown last. */
export function instanceOf(
  reading: BreakerReading,
  before: BreakerInstance | undefined,
  nowMs: number,
): BreakerInstance {
  const isKnown = unknownFromMs(reading.observedAtMs, reading.intervalMs) > nowMs;
  const state: BreakerState = isKnown ? reading.state : "unknown";
  let known: BreakerMove[] = [...(before?.moves ?? [])];
  const newest = known.at(-1)?.at ?? "";
  // Changes that started and ended between two reads are known only from the source.
  for (const move of reading.moves)
    if (move.at > newest && Date.parse(move.at) <= nowMs + skewMs) known = addMove(known, move, nowMs);
  const toldMs = isKnown ? reading.sinceMs : unknownFromMs(reading.observedAtMs, reading.intervalMs);
  known = addMove(
    known,
    { at: isoOf(Math.min(toldMs ?? nowMs, nowMs)), state, failureRatio: reading.figures.failureRatio },
    nowMs,
  );
  const since = isKnown && reading.sinceMs !== null ? isoOf(reading.sinceMs) : (known.at(-1)?.at ?? null);
  return {
    instance: reading.instance,
    state,
    note: reading.note,
    moves: known,
    since,
    nextProbeAt: state === "open" ? isoOrNull(reading.nextProbeAtMs) : null,
    ...reading.figures,
    observedAt: isoOf(reading.observedAtMs),
    intervalMs: reading.intervalMs,
  };
}

/** An instance that no source reports now: unchanged until its data is too old. */
export function unheardInstance(before: BreakerInstance, nowMs: number): BreakerInstance {
  const observedAtMs = before.observedAt === null ? 0 : Date.parse(before.observedAt);
  const fromMs = unknownFromMs(observedAtMs, before.intervalMs);
  if (before.state === "unknown" || fromMs > nowMs) return before;
  const since = isoOf(fromMs);
  return {
    ...before,
    state: "unknown",
    since,
    nextProbeAt: null,
    moves: addMove(before.moves, { at: since, state: "unknown", failureRatio: null }, nowMs),
  };
}
