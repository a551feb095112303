import { formatUtcTime } from "#lib/time/utc.ts";
import type { Verdict } from "#observe/tick/tick.ts";
import { callsOf, type HeardCache } from "./rollup.ts";

/** With fewer calls a ratio is not meaningful. */
const fewestCalls = 20;
/** A ratio that fell below its threshold has to rise this far above it, so that the state does not flap. */
const recoverBy = 0.01;

const percent = (ratio: number) => `${(Math.floor(ratio * 1000) / 10).toFixed(1)}%`;

/**
 * The state of a cache. `silent`: instances that no longer report. A known problem takes precedence; missing
 * data is unknown, never ok.
 */
export function judgeCache(cache: {
  heard: readonly HeardCache[];
  silent: readonly { instance: string; heardAtMs: number }[];
  hitRatio: number | null;
  threshold: number | null;
  wasLow: boolean;
}): Verdict {
  const { heard, silent, hitRatio, threshold, wasLow } = cache;
  const lastMs = Math.max(0, ...silent.map(({ heardAtMs }) => heardAtMs));
  if (heard.length === 0)
    return {
      state: "unknown",
      label: "Unknown",
      cause: `No data since ${formatUtcTime(new Date(lastMs).toISOString())}`,
    };
  const ailing = heard.filter(({ cache: { problem } }) => problem !== null);
  const problem = ailing[0]?.cache.problem;
  if (problem) {
    const where = heard.length > 1 ? ` (${ailing.length} of ${heard.length} instances)` : "";
    return { state: "degraded", label: "Degraded", cause: `${problem}${where}` };
  }
  const needed = threshold === null ? null : threshold + (wasLow ? recoverBy : 0);
  if (
    threshold !== null &&
    needed !== null &&
    hitRatio !== null &&
    hitRatio < needed &&
    callsOf(heard) >= fewestCalls
  )
    return {
      state: "degraded",
      label: lowRatio,
      cause: `Hit ratio ${percent(hitRatio)} over the last minute, threshold ${percent(threshold)}`,
    };
  if (silent.length > 0) {
    const all = heard.length + silent.length;
    return {
      state: "unknown",
      label: `${silent.length} of ${all} not reporting`,
      cause: `No data from ${silent[0]?.instance} since ${formatUtcTime(new Date(lastMs).toISOString())}`,
    };
  }
  return { state: "ok", label: "OK", cause: null };
}

export const lowRatio = "Low hit ratio";
