import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import { makeSeen } from "#testing/tick.ts";
import { createBreakersBoard } from "../board.ts";
import { createBreakerHolders } from "../holders.ts";
import { type BreakerReading, noFigures } from "../reading.ts";

export const startMs = Date.parse("2026-01-05T12:00:00.000Z");
export const iso = (ms: number) => new Date(startMs + ms).toISOString();

export const reading = (
  instance: string,
  state: BreakerState,
  part: Partial<BreakerReading> = {},
): BreakerReading => ({
  organization: "acme",
  service: "orders",
  instance,
  name: "payments",
  key: "payments",
  source: "report",
  rank: 3,
  library: "opossum",
  kind: "failure",
  state,
  note: null,
  sinceMs: null,
  nextProbeAtMs: null,
  moves: [],
  figures: noFigures,
  threshold: 0.5,
  coolDownMs: 30_000,
  commands: ["open", "close", "reset"],
  observedAtMs: startMs,
  intervalMs: 10_000,
  ...part,
});

/** A board over the readings passed last, at a time chosen by the test. */
export function stage() {
  let told: readonly BreakerReading[] = [];
  let watched = true;
  let nowMs = startMs;
  const asked: string[][] = [];
  let commands: Operation[] = [];
  const holders = createBreakerHolders({
    async newestCommands(targets) {
      asked.push(targets.map(({ targetId }) => targetId));
      return commands.map((operation) => ({ organizationId: "acme-id", operation }));
    },
    clock: { now: () => nowMs },
  });
  const board = createBreakersBoard(
    [{ read: () => told, isWatched: () => watched, rest: () => undefined }],
    holders,
  );
  const seenAt = (ms: number) => {
    nowMs = startMs + ms;
    return makeSeen(nowMs, { organizations: [{ id: "acme-id", slug: "acme" }] });
  };
  return {
    board,
    tell(ms: number, ...readings: BreakerReading[]) {
      told = readings.map((each) =>
        each.observedAtMs === startMs ? { ...each, observedAtMs: startMs + ms } : each,
      );
      return board.observe(seenAt(ms));
    },
    wait: (ms: number) => board.observe(seenAt(ms)),
    unwatch() {
      watched = false;
    },
    asked,
    holdBy(...newest: Operation[]) {
      commands = newest;
    },
  };
}
