import type { CollectorLost } from "@wheelhouse/shared/live.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import type { LiveServer } from "./rooms.ts";

/** The collector counts as lost after two missing ticks in a row; each may be late by 0.8 of its interval. */
const silentIntervals = 2.8;
const looksPerInterval = 20;

/** Notifies all clients once when the collector falls silent, and new clients while it stays silent. */
export function watchSilence(deps: {
  io: LiveServer;
  snapshots: Pick<SnapshotStore, "tick" | "heardAtMs">;
  intervalMs: number;
  clock: Clock;
  sentAt(): string;
}) {
  const { io, snapshots, intervalMs, clock, sentAt } = deps;
  const startedMs = clock.now();
  let isLost = false;
  const message = (): CollectorLost => ({
    lastObservedAt: snapshots.tick()?.head.observedAt ?? null,
    sentAt: sentAt(),
  });
  const timer = setInterval(() => {
    const silentMs = clock.now() - (snapshots.heardAtMs() ?? startedMs);
    if (isLost || silentMs < silentIntervals * intervalMs) return;
    isLost = true;
    io.emit("collector:lost", message());
  }, intervalMs / looksPerInterval);
  return {
    ended() {
      isLost = false;
    },
    tell(room: string) {
      if (isLost) io.to(room).emit("collector:lost", message());
    },
    stop: () => clearInterval(timer),
  };
}
