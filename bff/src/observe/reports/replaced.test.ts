import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import { expect, test } from "vitest";
import { withoutReplaced } from "./replaced.ts";

const nowMs = Date.parse("2026-01-05T12:00:00.000Z");

/** A process that began and was heard last so many seconds ago. */
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
  ["killed and replaced, it is gone", [report("a", 900, 60), report("b", 50, 1)], ["b"]],
  ["killed and not replaced, it is missed", [report("a", 900, 60), report("b", 900, 1)], ["a", "b"]],
  ["what ran beside it is no successor", [report("a", 900, 60), report("b", 61, 1)], ["a", "b"]],
  ["another role is no successor", [report("a", 900, 60), report("b", 50, 1, "worker")], ["a", "b"]],
  ["another service is none", [report("a", 900, 60), report("b", 50, 1, "web", "shop")], ["a", "b"]],
  ["who is late but not silent yet stays", [report("a", 900, 9), report("b", 8, 1)], ["a", "b"]],
  [
    "one successor stands for one",
    [report("a", 900, 60), report("b", 900, 70), report("c", 50, 1)],
    ["a", "c"],
  ],
  [
    "two stand for two",
    [report("a", 900, 60), report("b", 900, 70), report("c", 50, 1), report("d", 40, 2)],
    ["c", "d"],
  ],
  [
    "a successor that died is missed until it has its own",
    [report("a", 900, 90), report("b", 80, 60)],
    ["b"],
  ],
  [
    "of a process that dies again and again one is left",
    [report("a", 900, 90), report("b", 80, 60), report("c", 50, 30), report("d", 20, 1)],
    ["d"],
  ],
  ["what tells nothing of its process stays", [untold, report("b", 50, 1)], ["a", "b"]],
])("%s", (_name, reports, left) => {
  const instances = (some: readonly Report[]) => withoutReplaced(some, nowMs).map(({ instance }) => instance);
  expect(instances(reports)).toEqual(left);
  expect(instances(reports.toReversed())).toEqual(left.toReversed());
});

test("a successor counts when it is measured, so that there is no time with neither", () => {
  const [dead, starting] = [report("a", 900, 60), report("b", 3, 1)];
  const unmeasured: Report = { ...starting, process: { about: "web", upMs: 2_000, eventLoop: null } };
  expect(withoutReplaced([dead, unmeasured], nowMs)).toHaveLength(2);
  expect(withoutReplaced([dead, starting], nowMs)).toEqual([starting]);
});
