import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import {
  type BreakerInstance,
  type BreakerRow,
  breakerTopic,
  failedShareOf,
  type StoredMove,
} from "@wheelhouse/shared/breakers.ts";
import { describe, expect, test } from "vitest";
import { readFilterInput } from "#ui/filter/filter-tokens.ts";
import { breakerFilterKeys, filterBreakers } from "./filter.ts";
import { badgeOf, describeStretches, linesOf, probeIn, statesOf, stretchesOf, turnReason } from "./states.ts";

const figures = {
  failureRatio: null,
  slowRatio: null,
  callsPerMinute: null,
  failedPerMinute: null,
  refusedPerMinute: null,
  latencyMsP50: null,
  latencyMsP95: null,
  latencyMsP99: null,
};
const at = (minute: number) => new Date(Date.UTC(2026, 10, 19, 9, minute)).toISOString();
const ms = (minute: number) => Date.parse(at(minute));
const moves = (...states: [minute: number, state: BreakerState, failureRatio?: number][]) =>
  states.map(([minute, state, failureRatio = null]) => ({ at: at(minute), state, failureRatio }));

const instance = (name: string, change: Partial<BreakerInstance> = {}): BreakerInstance => ({
  instance: name,
  state: "closed",
  note: null,
  moves: [],
  since: at(0),
  nextProbeAt: null,
  ...figures,
  observedAt: at(14),
  intervalMs: 2000,
  ...change,
});
const row = (name: string, change: Partial<BreakerRow> = {}): BreakerRow => ({
  id: `orders~${name}`,
  name,
  service: "orders",
  library: "opossum",
  kind: "failure",
  state: "closed",
  label: "0 of 1 open",
  cause: null,
  since: at(0),
  moves: [],
  instances: [instance("a")],
  ...figures,
  threshold: null,
  coolDownMs: null,
  commands: [],
  forced: null,
  observedAt: at(14),
  intervalMs: 2000,
  ...change,
});

test("a reached concurrency limit is never called open", () => {
  expect(badgeOf("open", "failure")).toEqual({ tone: "down", label: "Open" });
  expect(badgeOf("open", "concurrency")).toEqual({ tone: "degraded", label: "At limit" });
  expect(badgeOf("unknown", "concurrency").label).toBe("Unknown");
});

test("the worst state comes first, then most failed calls", () => {
  const rows = [
    row("quiet"),
    row("rare", { state: "open", failedPerMinute: 2, failureRatio: 1 }),
    row("busy", { failedPerMinute: 900, failureRatio: 0.1 }),
    row("idle", { state: "open" }),
  ];
  expect(rows.sort((a, b) => breakerTopic.order(a, b, 0)).map(({ name }) => name)).toEqual([
    "rare",
    "idle",
    "busy",
    "quiet",
  ]);
});

describe("the bar of the last hour", () => {
  test.each<[string, Parameters<typeof stretchesOf>[0], [BreakerState | null, number][]]>([
    ["nothing observed", [], [[null, 1]]],
    [
      "observed from a quarter on",
      moves([15, "closed"]),
      [
        [null, 0.25],
        ["closed", 0.75],
      ],
    ],
    ["one state throughout", moves([-60, "closed"]), [["closed", 1]]],
    [
      "changed within",
      moves([-60, "closed"], [30, "open"], [45, "half_open"]),
      [
        ["closed", 0.5],
        ["open", 0.25],
        ["half_open", 0.25],
      ],
    ],
    ["changed before and after", moves([-60, "open"], [-30, "closed"], [90, "open"]), [["closed", 1]]],
  ])("%s", (_name, states, expected) => {
    const found = stretchesOf(states, ms(0), ms(60));
    expect(found.map(({ state, width }) => [state, width])).toEqual(expected);
    expect(found.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(1);
  });

  test("is also described in words", () => {
    expect(describeStretches(stretchesOf(moves([-1, "closed"], [30, "open"]), ms(0), ms(60)))).toBe(
      "closed, then open",
    );
  });
});

const stored = (
  minute: number,
  from: BreakerState,
  to: BreakerState,
  change: Partial<StoredMove> = {},
): StoredMove => ({
  id: `${minute} ${change.instance ?? "a"}`,
  at: at(minute),
  breaker: "orders~pay",
  name: "pay",
  instance: "a",
  from,
  to,
  failureRatio: null,
  ...change,
});

test.each([
  ["of the minute in which failed calls are counted", { failedPerMinute: 30, callsPerMinute: 120 }, 0.25],
  ["unknown without calls", { failedPerMinute: 0, callsPerMinute: 0 }, null],
  ["the library's own where calls are not counted", { failedPerMinute: null, callsPerMinute: null }, 0.9],
])("the failed share is %s", (_name, counted, share) =>
  expect(failedShareOf(row("pay", { ...counted, failureRatio: 0.9 }))).toBe(share),
);

describe("stored changes of state", () => {
  test("are lines, newest first, with the flaps of an instance folded and overrides apart", () => {
    const flaps = [1, 3, 5].flatMap((minute) => [
      stored(minute, "closed", "open"),
      stored(minute + 1, "open", "closed"),
    ]);
    const moves = [
      stored(8, "closed", "disabled"),
      ...flaps.toReversed(),
      stored(4, "closed", "open", { instance: "b" }),
    ];
    expect(
      linesOf(moves).map(({ text, fold, last }) => [fold ? text : last.move.to, last.move.instance]),
    ).toEqual([
      ["disabled", "a"],
      ["Opened 3 times in 5 m", "a"],
      ["open", "b"],
    ]);
  });

  test("are the states within a range, beginning with the one before the first change", () => {
    const moves = [stored(5, "open", "closed"), stored(2, "half_open", "open")];
    expect(statesOf(moves, ms(0))).toEqual([
      { at: at(0), state: "half_open" },
      { at: at(2), state: "open" },
      { at: at(5), state: "closed" },
    ]);
  });

  test("say nothing about the time before a breaker was found", () => {
    const found = { ...stored(3, "closed", "closed"), from: null };
    expect(statesOf([stored(5, "closed", "open"), found], ms(0))).toEqual([
      { at: at(3), state: "closed" },
      { at: at(5), state: "open" },
    ]);
    expect(linesOf([found])).toEqual([]);
  });

  test("state the reason as far as it is known", () => {
    const reasons = [
      stored(1, "half_open", "open"),
      stored(1, "open", "half_open"),
      stored(1, "closed", "open", { failureRatio: 0.614 }),
      stored(1, "closed", "disabled"),
    ];
    expect(reasons.map(turnReason)).toEqual(["probe failed", "probe due", "61.4% failed", "by command"]);
  });
});

test.each([
  ["counts down", { state: "open", nextProbeAt: at(15) }, 60_000],
  ["is due when the next call will be the probe", { state: "open", nextProbeAt: at(13) }, "due"],
  ["is null when none is planned", { state: "open", nextProbeAt: null }, null],
  ["is null for a closed breaker", { state: "closed", nextProbeAt: at(15) }, null],
] as const)("the next probe %s", (_name, change, expected) =>
  expect(probeIn(instance("a", change), ms(14))).toBe(expected),
);

test.each([
  ["", ["pay", "mail", "limit"]],
  ["MAIL", ["mail"]],
  ["notifier", ["mail"]],
  ["state:half-open,open", ["pay", "limit"]],
  ['state:"half-open"', ["pay"]],
  ["library:Envoy", ["limit"]],
  ["service:orders state:closed", []],
])("the filter %j finds %j", (typed, expected) => {
  const rows = [
    row("pay", { state: "half_open" }),
    row("mail", { service: "notifier", library: "resilience4j" }),
    row("limit", { library: "Envoy", state: "open", service: "gateway" }),
  ];
  const keys = breakerFilterKeys(rows);
  expect(filterBreakers(rows, readFilterInput(typed, keys)).map(({ name }) => name)).toEqual(expected);
});
