import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import { expect, test } from "vitest";
import { makeSeen } from "#testing/tick.ts";
import { createServicesBoard } from "../services/board.ts";
import { createKeptDetails } from "../services/kept-details.ts";
import { readOwnProcesses } from "./processes.ts";

const startMs = Date.parse("2026-01-05T12:00:00.000Z");
const at = (second: number) => new Date(startMs + second * 1_000).toISOString();
const report = (second: number, delayMsP99: number | null, instance = "host/1", about = "web"): Report => ({
  version: 1,
  service: "wheelhouse",
  instance,
  reportedAt: at(second),
  intervalMs: 2_000,
  breakers: [],
  caches: [],
  process: {
    about,
    eventLoop:
      delayMsP99 === null
        ? null
        : { windowMs: 2_000, delayMsP99, delayMsMax: 2 * delayMsP99, busyRatio: 0.5 },
  },
});
const server = { id: "primary", name: "Redis primary", url: undefined, organization: "platform" };
const sources = { redis: [server], postgres: [], services: [], prometheus: [] };

/** A board with the reports of Wheelhouse's own processes that the test passes. */
function setup() {
  const { board, detail } = createServicesBoard({
    catalogue: { current: () => sources, onChange: () => () => undefined },
    checks: { poke: () => undefined, rest: () => undefined, checks: () => new Map() },
    own: (nowMs) => readOwnProcesses(heard, sources, nowMs),
    maintenance: { poke: () => undefined, activeOf: () => null },
    onDetails: () => undefined,
    kept: createKeptDetails(),
    uptimes: { poke() {}, of: () => undefined },
  });
  let heard: Report[] = [];
  board.adopt([]);
  return {
    detail,
    observe(second: number, reports: Report[]) {
      heard = reports;
      const { rows, changes } = board.observe(makeSeen(startMs + second * 1_000));
      return { row: rows[0], changes };
    },
  };
}

test("a lasting event loop lag degrades Wheelhouse, and it recovers without lag", () => {
  const { observe, detail } = setup();
  const delays = [3, 900, 3, 900, 900, 900, 3, 3];
  const seen = delays.map((delay, turn) => observe(2 * turn, [report(2 * turn, delay)]));
  expect(seen.map(({ row }) => row?.state)).toEqual(
    ["ok", "ok", "ok", "ok", "ok", "degraded", "degraded", "ok"], //
  );
  expect(seen[5]?.row).toMatchObject({
    id: "wheelhouse",
    organization: "platform",
    target: null,
    since: at(6),
    dependsOn: ["primary"],
    cause: "Event loop lag p99 900 ms, max 1.8 s, 50 % busy",
  });
  expect(seen.flatMap(({ changes }) => changes.map(({ change }) => change.text))).toEqual([
    "Wheelhouse is degraded",
    "Wheelhouse recovered",
  ]);
  expect(detail("wheelhouse")).toMatchObject([
    {
      id: "host/1 (web)",
      components: [{ name: "event loop", status: "OK", detail: "p99 3 ms, max 6 ms, 50 % busy" }],
    },
  ]);
});

test("a silent process is unknown at once while others report, and removed with its report", () => {
  const { observe } = setup();
  const worker = report(0, 5, "host/2", "worker");
  expect(observe(0, [report(0, 5), worker]).row?.state).toBe("ok");
  expect(observe(10, [report(10, 5), worker]).row?.state).toBe("ok");
  const { row } = observe(11, [report(10, 5), worker]);
  expect(row).toMatchObject({
    state: "unknown",
    cause: "1 of 2 unknown: No report since 2026-01-05T12:00:00Z",
  });
  expect(row?.instances.map(({ id, state }) => [id, state])).toEqual([
    ["host/1 (web)", "ok"],
    ["host/2 (worker)", "unknown"],
  ]);
  expect(observe(12, [report(12, 5)]).row).toMatchObject({ state: "ok", instances: [{ state: "ok" }] });
});

test("a process joins with its first measurement, and of two reports of a process the newer one counts", () => {
  const { observe } = setup();
  expect(observe(0, [report(0, null)]).row).toBeUndefined();
  expect(observe(2, [report(2, 4), report(0, 900)]).row).toMatchObject({ state: "ok", observedAt: at(2) });
});

test("the last report of a process is measured, whether it is silent or not", () => {
  const { measured } = readOwnProcesses([report(0, 4)], sources, startMs + 60_000) ?? {};
  expect(measured).toMatchObject([
    { id: "host/1 (web)", observedAt: at(0), intervalMs: 2_000, eventLoop: { delayMsP99: 4 } },
  ]);
});

test("nothing is shown when no process reports, or the name is taken", () => {
  expect(readOwnProcesses([], sources, startMs)).toBeNull();
  const taken = { ...sources, redis: [{ ...server, id: "wheelhouse" }] };
  expect(readOwnProcesses([report(0, 4)], taken, startMs)).toBeNull();
});

test("a starting process is not a change of state, and the previous history continues", () => {
  const { observe } = setup();
  observe(0, [report(0, 4)]);
  expect(observe(2, []).row).toBeUndefined();
  const { row, changes } = observe(4, [report(4, 4, "host/2"), report(4, null, "host/3")]);
  expect(row).toMatchObject({ state: "ok", beats: "oo", instances: [{ id: "host/2 (web)" }] });
  expect(changes).toEqual([]);
});
