import type { CallState, TargetCalls } from "#lib/http/watched-calls.ts";
import type { BreakersSource } from "./board.ts";
import { type BreakerFigures, type BreakerReading, noFigures } from "./reading.ts";

const sourcePrefix = "calls:";

function figuresOf({ calls }: TargetCalls): BreakerFigures {
  const [first] = calls;
  const last = calls.at(-1);
  const spanMs = first && last ? last.atMs - first.atMs : 0;
  // The first call begins the span and is none of it.
  const perMinute = (count: number) => (spanMs > 0 ? (Math.max(0, count) * 60_000) / spanMs : null);
  const failed = calls.filter((call) => call.failed).length;
  const failedAfterFirst = failed - (first?.failed ? 1 : 0);
  const latencies = calls.flatMap(({ latencyMs }) => latencyMs ?? []).sort((a, b) => a - b);
  const percentile = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] ?? null;
  return {
    failureRatio: calls.length === 0 ? null : failed / calls.length,
    slowRatio: noFigures.slowRatio,
    callsPerMinute: perMinute(calls.length - 1),
    failedPerMinute: perMinute(failedAfterFirst),
    refusedPerMinute: 0,
    latencyMsP50: percentile(0.5),
    latencyMsP95: percentile(0.95),
    latencyMsP99: percentile(0.99),
  };
}

const noteOf = (state: CallState, failure: string | null) => (state === "closed" ? null : failure);

function readingOf(calls: TargetCalls): BreakerReading {
  const { target, state, sinceMs, moves, nextProbeAtMs, failure, observedAtMs } = calls;
  return {
    organization: target.organization,
    service: target.purpose,
    instance: target.instance,
    name: target.name,
    key: target.id,
    source: `${sourcePrefix}${target.organization}/${target.purpose}/${target.id}`,
    rank: 3,
    library: "Wheelhouse",
    kind: "failure",
    state,
    note: noteOf(state, failure),
    sinceMs,
    nextProbeAtMs,
    moves: moves.map(({ atMs, state: to }) => ({
      at: new Date(atMs).toISOString(),
      state: to,
      failureRatio: null,
    })),
    figures: figuresOf(calls),
    threshold: null,
    coolDownMs: target.intervalMs,
    commands: [],
    observedAtMs,
    intervalMs: target.intervalMs,
  };
}

/** Breakers of the calls that check and scrape what is watched; they belong to the organization that watches it. */
export function createCheckBreakers({
  calls,
  forget,
}: {
  calls(): readonly TargetCalls[];
  forget(): void;
}): BreakersSource {
  const made = new WeakMap<TargetCalls, BreakerReading>();
  let sources = new Set<string>();
  return {
    read() {
      const readings = calls().map((each) => {
        const known = made.get(each) ?? readingOf(each);
        made.set(each, known);
        return known;
      });
      sources = new Set(readings.map(({ source }) => source));
      return readings;
    },
    isWatched: (source) => sources.has(source),
    rest: forget,
  };
}
