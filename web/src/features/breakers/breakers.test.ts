import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import { type BreakerInstance, type BreakerRow, breakerTopic } from "@wheelhouse/shared/breakers.ts";
import { describe, expect, test } from "vitest";
import { readFilterInput } from "#ui/filter/filter-tokens.ts";
import { breakerFilterKeys, filterBreakers } from "./filter.ts";
import { badgeOf, describeStretches, probeIn, stretchesOf, turnReason, turnsOf } from "./states.ts";

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

describe("state changes", () => {
  const rows = [
    row("pay", {
      instances: [
        instance("a", { moves: moves([0, "closed"], [5, "open", 0.614], [6, "half_open"], [7, "open"]) }),
        instance("b", { moves: moves([0, "closed"]) }),
      ],
    }),
    row("mail", { instances: [instance("c", { moves: moves([1, "open"], [8, "closed"]) })] }),
  ];

  test("are listed newest first across instances; the first observed state is no change", () => {
    const { turns, total } = turnsOf(rows, 3);
    expect(total).toBe(4);
    expect(
      turns.map(({ breaker, instance: name, from, to }) => `${breaker.name} ${name} ${from}>${to}`),
    ).toEqual(["mail c open>closed", "pay a half_open>open", "pay a open>half_open"]);
  });

  test("state the reason as far as it is known", () => {
    expect(turnsOf(rows, 9).turns.map(turnReason)).toEqual(["", "probe failed", "probe due", "61.4% failed"]);
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
