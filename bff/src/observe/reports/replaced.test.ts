import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import { expect, test } from "vitest";
import { withoutReplaced } from "./replaced.ts";

const nowMs = Date.parse("2026-01-05T12:00:00.000Z");

/** A process with its start and its last report, each as seconds ago. */
function report(
  instance: string,
  began: number,
  heard: number,
  about = "web",
  service = "wheelhouse",
): Report {
  return {
    version: 1,
    service,
    instance,
    intervalMs: 2_000,
    breakers: [],
    caches: [],
    reportedAt: new Date(nowMs - heard * 1_000).toISOString(),
    process: {
      about,
      upMs: (began - heard) * 1_000,
      eventLoop: { windowMs: 2_000, delayMsP99: 1, delayMsMax: 1, busyRatio: 0 },
    },
  };
}
const { process: _, ...untold } = report("a", 900, 60);

test.each<[string, Report[], string[]]>([
  ["a process that was killed and replaced is dropped", [report("a", 900, 60), report("b", 50, 1)], ["b"]],
  [
    "a process that was killed and not replaced is missing",
    [report("a", 900, 60), report("b", 900, 1)],
    ["a", "b"],
  ],
  ["a process that ran beside it is no successor", [report("a", 900, 60), report("b", 61, 1)], ["a", "b"]],
  [
    "a process with another role is no successor",
    [report("a", 900, 60), report("b", 50, 1, "worker")],
    ["a", "b"],
  ],
  [
    "a process of another service is no successor",
    [report("a", 900, 60), report("b", 50, 1, "web", "shop")],
    ["a", "b"],
  ],
  ["a process that is late but not silent yet stays", [report("a", 900, 9), report("b", 8, 1)], ["a", "b"]],
  [
    "one successor replaces one process",
    [report("a", 900, 60), report("b", 900, 70), report("c", 50, 1)],
    ["a", "c"],
  ],
  [
    "two successors replace two",
    [report("a", 900, 60), report("b", 900, 70), report("c", 50, 1), report("d", 40, 2)],
    ["c", "d"],
  ],
  [
    "a successor that died is missing until it has a successor",
    [report("a", 900, 90), report("b", 80, 60)],
    ["b"],
  ],
  [
    "a process that keeps dying is listed once",
    [report("a", 900, 90), report("b", 80, 60), report("c", 50, 30), report("d", 20, 1)],
    ["d"],
  ],
  ["a report without process data stays", [untold, report("b", 50, 1)], ["a", "b"]],
])("%s", (_name, reports, left) => {
  const instances = (some: readonly Report[]) => withoutReplaced(some, nowMs).map(({ instance }) => instance);
  expect(instances(reports)).toEqual(left);
  expect(instances(reports.toReversed())).toEqual(left.toReversed());
});

test("a successor counts once it has measurements, so that one of the two is always listed", () => {
  const [dead, starting] = [report("a", 900, 60), report("b", 3, 1)];
  const unmeasured: Report = { ...starting, process: { about: "web", upMs: 2_000, eventLoop: null } };
  expect(withoutReplaced([dead, unmeasured], nowMs)).toHaveLength(2);
  expect(withoutReplaced([dead, starting], nowMs)).toEqual([starting]);
});
