import { expect, test } from "vitest";
import { tickAt } from "#testing/tick.ts";
import { createHealthAspect } from "../services/aspect.ts";
import { createKeptDetails } from "../services/kept-details.ts";
import { figuresOfProcesses, longestDelay } from "./figures.ts";

const atMs = Date.parse(tickAt);
const platformId = "01900000-0000-7000-8000-0000000000a0";
const seen = { atMs, organizationIdOf: (slug: string) => (slug === "platform" ? platformId : undefined) };

test("figures of Wheelhouse's processes are per process and their maximum, for reporting processes only", () => {
  const process = (id: string, secondsAgo: number, [delayMsP99, delayMsMax, busyRatio]: number[]) => ({
    id,
    observedAt: new Date(atMs - secondsAgo * 1_000).toISOString(),
    intervalMs: 2_000,
    eventLoop: {
      windowMs: 2_000,
      delayMsP99: delayMsP99 ?? 0,
      delayMsMax: delayMsMax ?? 0,
      busyRatio: busyRatio ?? 0,
    },
  });
  const processes = [
    process("host/1 (web)", 1, [3, 90, 0.2]),
    process("host/2 (worker)", 2, [40, 60, 0.1]),
    process("host/3 (worker)", 5, [900, 900, 1]),
  ];
  const figures = figuresOfProcesses(processes, seen);
  expect(figures.map(({ kind, entity, values }) => [kind, entity, ...values])).toEqual([
    ["process", "host/1 (web)", 3, 90, 0.2],
    ["process", "host/2 (worker)", 40, 60, 0.1],
    ["service", "wheelhouse", 40, 90, 0.2],
  ]);
  expect(figures[0]?.metrics).toEqual(["eventLoopDelayMsP99", "eventLoopDelayMsMax", "eventLoopBusyRatio"]);
  expect(figuresOfProcesses([], seen)).toEqual([]);
});

test("the longest delay is kept as the maximum of each 10 s, not as their mean", () => {
  const aspect = createHealthAspect({ details: createKeptDetails(), processes: () => [] });
  expect(aspect.peaks).toEqual([longestDelay]);
});
