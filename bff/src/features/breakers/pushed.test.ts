import { expect, test } from "vitest";
import type { Pushed } from "#observe/pushes/pushes.ts";
import { makeSeen } from "#testing/tick.ts";
import { createBreakersBoard } from "./board.ts";
import { createBreakerHolders } from "./holders.ts";
import { createPushedBreakers } from "./pushed.ts";

const intervalMs = 10_000;
const startMs = 1_000_000;
const pushed = (heardAtMs: number, failed: number, state = "closed"): Pushed => ({
  organization: "acme",
  service: "shop",
  instance: "shop-1",
  heardAtMs,
  intervalMs,
  samples: [
    {
      name: "resilience4j_circuitbreaker_state",
      labels: new Map([
        ["name", "pay"],
        ["state", state],
      ]),
      value: 1,
    },
    {
      name: "resilience4j_circuitbreaker_calls_count",
      labels: new Map([
        ["name", "pay"],
        ["kind", "failed"],
      ]),
      value: failed,
    },
  ],
});

function watching() {
  let all: readonly Pushed[] = [];
  let nowMs = startMs;
  const clock = { now: () => nowMs };
  const holders = createBreakerHolders({ newestCommands: async () => [], clock });
  const board = createBreakersBoard([createPushedBreakers({ pushed: () => all })], holders);
  return (next: readonly Pushed[], atMs: number) => {
    all = next;
    nowMs = atMs;
    return board.observe(makeSeen(nowMs)).rows[0];
  };
}

test("pushes are followed like scrapes: calls of a minute, and the state", () => {
  const at = watching();
  expect(at([pushed(startMs, 5)], startMs)).toMatchObject({
    id: "shop~pay",
    organization: "acme",
    state: "closed",
    callsPerMinute: null,
  });
  const later = startMs + intervalMs;
  expect(at([pushed(later, 8, "open")], later)).toMatchObject({ state: "open", callsPerMinute: 18 });
});

test("an instance that falls silent keeps its state for five of its intervals, then is unknown, then removed", () => {
  const at = watching();
  const last = [pushed(startMs, 5, "open")];
  at(last, startMs);
  expect(at(last, startMs + 5 * intervalMs - 1)).toMatchObject({
    state: "open",
    observedAt: new Date(startMs).toISOString(),
    intervalMs,
  });
  expect(at(last, startMs + 5 * intervalMs)).toMatchObject({ state: "unknown" });
  expect(at([], startMs + 6 * intervalMs)).toMatchObject({ state: "unknown" });
  expect(at([], startMs + 16 * 60_000)).toBeUndefined();
});
