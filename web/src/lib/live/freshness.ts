import { judgeFreshness, type Observation } from "@wheelhouse/shared/freshness.ts";
import { formatSpan, formatSpanShort } from "#lib/format.ts";

/** State of the live connection since `sinceMs` (server clock). */
export type Connection = { state: "connecting" | "open" | "closed"; sinceMs: number };
export type ChipTone = "live" | "paused" | "reconnecting" | "offline" | "stale" | "unknown";

const offlineAfterMs = 30_000;

/** Text and tone of the chip in the top bar. The worst obstacle to current data wins. */
export const describeFreshness = (
  parts: {
    connection: Connection;
    observation: Observation | null;
    collectorLost: boolean;
    /** Number of rows held back while a list is paused; null while it is running. */
    pausedNewCount: number | null;
  },
  nowMs: number,
): { tone: ChipTone; text: string } => {
  const { connection, observation, collectorLost, pausedNewCount } = parts;
  if (connection.state === "closed") {
    const silentMs = nowMs - connection.sinceMs;
    return silentMs > offlineAfterMs
      ? { tone: "offline", text: `Offline ${formatSpanShort(silentMs)}` }
      : { tone: "reconnecting", text: `Reconnecting ${formatSpan(silentMs).replace("< ", "")}` };
  }
  const fresh = observation === null ? null : judgeFreshness(observation, nowMs);
  const age = fresh === null || fresh.ageMs === null ? null : formatSpanShort(fresh.ageMs);
  if (collectorLost)
    return { tone: "stale", text: age === null ? "Collector lost" : `Collector lost ${age}` };
  if (pausedNewCount !== null) {
    return { tone: "paused", text: pausedNewCount === 0 ? "Paused" : `Paused · ${pausedNewCount} new` };
  }
  if (connection.state === "connecting" || fresh === null) return { tone: "unknown", text: "Connecting" };
  if (fresh.state === "unknown")
    return { tone: "unknown", text: age === null ? "No data yet" : `Unknown ${age}` };
  if (fresh.state === "stale") return { tone: "stale", text: `Stale ${age ?? ""}`.trim() };
  // The age is rounded up to a second, so that the chip does not flicker between two widths.
  return { tone: "live", text: `Live · ${formatSpanShort(Math.max(fresh.ageMs ?? 0, 1000))} ago` };
};
