import type { z } from "zod";
import type { breakerFigures } from "../breaker-state.ts";

const secondsKept = 60;
const slotMs = 10_000;
const slots = secondsKept / (slotMs / 1_000);
const shortestMs = 0.1;
const growth = 1.08;
/** Durations from 0.1 ms to 100 s fall into buckets that are 8 % wide. */
const classes = Math.ceil(Math.log(100_000 / shortestMs) / Math.log(growth)) + 1;

type Outcome = "success" | "failure" | "refused";
type Figures = { [K in keyof typeof breakerFigures]: z.output<(typeof breakerFigures)[K]> };

const classOf = (latencyMs: number) =>
  latencyMs <= shortestMs
    ? 0
    : Math.min(classes - 1, Math.ceil(Math.log(latencyMs / shortestMs) / Math.log(growth)));
const middleOf = (index: number) => (index === 0 ? 0 : shortestMs * growth ** (index - 0.5));

/**
 * Calls of the last minute: counts by second, durations in buckets. Memory and the cost of a call are
 * independent of the load, unlike a list of durations that is sorted on read.
 */
export function createCallWindow(now: () => number) {
  const seconds = Array.from({ length: secondsKept }, () => ({ at: -1, success: 0, failure: 0, refused: 0 }));
  const times = Array.from({ length: slots }, () => ({ at: -1, counts: new Uint32Array(classes) }));

  const secondAt = (nowMs: number) => {
    const at = Math.floor(nowMs / 1_000);
    const second = seconds[at % secondsKept];
    if (second && second.at !== at) Object.assign(second, { at, success: 0, failure: 0, refused: 0 });
    return second;
  };
  const timesAt = (nowMs: number) => {
    const at = Math.floor(nowMs / slotMs);
    const slot = times[at % slots];
    if (slot && slot.at !== at) {
      slot.at = at;
      slot.counts.fill(0);
    }
    return slot;
  };
  const sum = (overSeconds: number) => {
    const newest = Math.floor(now() / 1_000);
    const total = { success: 0, failure: 0, refused: 0 };
    for (const second of seconds) {
      if (second.at > newest || second.at <= newest - overSeconds) continue;
      total.success += second.success;
      total.failure += second.failure;
      total.refused += second.refused;
    }
    return total;
  };

  const percentiles = (wanted: readonly number[]): (number | null)[] => {
    const newest = Math.floor(now() / slotMs);
    const merged = new Uint32Array(classes);
    let calls = 0;
    for (const slot of times) {
      if (slot.at > newest || slot.at <= newest - slots) continue;
      for (const [index, count] of slot.counts.entries()) {
        merged[index] = (merged[index] ?? 0) + count;
        calls += count;
      }
    }
    return wanted.map((share) => {
      if (calls === 0) return null;
      let below = Math.ceil(share * calls);
      const index = merged.findIndex((count) => {
        below -= count;
        return below <= 0;
      });
      return Number(middleOf(index).toPrecision(3));
    });
  };

  return {
    add(outcome: Outcome, latencyMs?: number) {
      const second = secondAt(now());
      if (second) second[outcome] += 1;
      if (latencyMs === undefined || !Number.isFinite(latencyMs)) return;
      const slot = timesAt(now());
      const index = classOf(latencyMs);
      if (slot) slot.counts[index] = (slot.counts[index] ?? 0) + 1;
    },
    clear() {
      for (const second of seconds) second.at = -1;
      for (const slot of times) slot.at = -1;
    },
    /**
     * @param ratioMs window of the failure ratio, whole seconds up to 60.
     * @param fewest number of calls below which the ratio is not meaningful.
     */
    figures({ ratioMs, fewest }: { ratioMs: number; fewest: number }): Figures {
      const judged = sum(Math.min(secondsKept, Math.max(1, Math.round(ratioMs / 1_000))));
      const judgedCalls = judged.success + judged.failure;
      const minute = sum(secondsKept);
      const [p50 = null, p95 = null, p99 = null] = percentiles([0.5, 0.95, 0.99]);
      return {
        failureRatio: judgedCalls < Math.max(1, fewest) ? null : judged.failure / judgedCalls,
        slowRatio: null,
        callsPerMinute: minute.success + minute.failure,
        failedPerMinute: minute.failure,
        refusedPerMinute: minute.refused,
        latencyMsP50: p50,
        latencyMsP95: p95,
        latencyMsP99: p99,
      };
    },
  };
}
