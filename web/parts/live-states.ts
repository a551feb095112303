import type { Observation } from "@wheelhouse/shared/freshness.ts";
import type { Live, LiveStatus } from "#lib/live/live.ts";
import { ago } from "./part.ts";

const listen = () => () => undefined;

/** A connection that stays as it is and hears nothing. */
const liveWith = (status: LiveStatus): Live => ({
  hear: listen,
  onResync: listen,
  status: () => status,
  onStatus: listen,
  close: () => undefined,
});
const dayMs = 86_400_000;
const open: LiveStatus = { connection: { state: "open", sinceMs: Date.now() }, collectorLost: false };
const closed = (forMs: number): LiveStatus => ({
  connection: {
    state: "closed",
    // Always as long ago: what reconnects would be offline while somebody looks.
    get sinceMs() {
      return Date.now() - forMs;
    },
  },
  collectorLost: false,
});

/** Data that do not become old while somebody looks. */
export const freshObservation: Observation = { observedAt: ago(1_000), intervalMs: dayMs };
export const openLive = liveWith(open);

/** Each word of the freshness chip, with what leads to it. */
export const freshnessStates: readonly {
  name: string;
  live: Live;
  observation: Observation | null;
  pausedNewCount?: number;
}[] = [
  {
    name: "Connecting",
    live: liveWith({ connection: { state: "connecting", sinceMs: Date.now() }, collectorLost: false }),
    observation: null,
  },
  { name: "Live", live: openLive, observation: freshObservation },
  { name: "Paused", live: openLive, observation: freshObservation, pausedNewCount: 0 },
  { name: "Paused, rows wait", live: openLive, observation: freshObservation, pausedNewCount: 37 },
  { name: "Reconnecting", live: liveWith(closed(6_000)), observation: freshObservation },
  { name: "Offline", live: liveWith(closed(41_000)), observation: freshObservation },
  { name: "Stale", live: openLive, observation: { observedAt: ago(3 * dayMs), intervalMs: dayMs } },
  { name: "Unknown", live: openLive, observation: { observedAt: ago(60_000), intervalMs: 1_000 } },
  { name: "No data yet", live: openLive, observation: { observedAt: null, intervalMs: 1_000 } },
  {
    name: "Collector lost",
    live: liveWith({ ...open, collectorLost: true }),
    observation: { observedAt: ago(42_000), intervalMs: 1_000 },
  },
];
