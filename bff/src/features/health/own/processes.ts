import { unknownAfterMs } from "@wheelhouse/shared/freshness.ts";
import type { EventLoopFigures, Report } from "@wheelhouse/shared/reporter/report.ts";
import { type OwnProcess, ownRedis, ownService, platform } from "#observe/reports/reports.ts";
import type { WatchedService, WatchedSources } from "#observe/sources/sources.ts";
import type { Check, CheckComponent } from "../checks/checks.ts";
import { checkKey } from "../checks/checks.ts";

/** Event loop lag (p99 of a report) above this is degraded: job locks and timeouts start to slip. */
const delayMsMax = 250;
const mostProcesses = 200;

type Measured = { report: Report; eventLoop: EventLoopFigures; heardAtMs: number };

/** Wheelhouse itself as a watched service, and the latest reports of its processes. */
export type OwnProcesses = {
  service: WatchedService;
  checks: ReadonlyMap<string, Check>;
  measured: readonly OwnProcess[];
};

/**
 * Wheelhouse's processes as instances that report by themselves, judged by event loop lag, because a process
 * serves pages, observes and runs jobs on one event loop. A silent process is unknown until it withdraws its
 * report or is removed.
 */
export function readOwnProcesses(
  reports: readonly Report[],
  sources: WatchedSources,
  nowMs: number,
): OwnProcesses | null {
  const newest = new Map<string, Measured>();
  for (const report of reports) {
    // A process joins with its first measurement.
    if (!report.process?.eventLoop) continue;
    const id = `${report.instance} (${report.process.about})`;
    const heardAtMs = Math.min(Date.parse(report.reportedAt), nowMs);
    const { eventLoop } = report.process;
    if ((newest.get(id)?.heardAtMs ?? 0) <= heardAtMs) newest.set(id, { report, eventLoop, heardAtMs });
  }
  const taken = [...sources.redis, ...sources.postgres, ...sources.services].some(
    ({ id }) => id === ownService,
  );
  if (newest.size === 0 || taken) return null;
  const all = [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, mostProcesses);
  const own = [
    ...sources.redis.filter(({ id }) => id === ownRedis),
    ...sources.postgres.filter(({ url }) => url === undefined),
  ];
  const intervalMs = Math.max(...all.map(([, { report }]) => report.intervalMs));
  return {
    service: {
      id: ownService,
      name: "Wheelhouse",
      organization: platform,
      group: null,
      owner: null,
      runbookUrl: null,
      dependsOn: own.filter(({ organization }) => organization === platform).map(({ id }) => id),
      instances: all.map(([id]) => ({ id, url: "" })),
      format: "push",
      conditions: [],
      intervalMs,
      timeoutMs: unknownAfterMs(intervalMs) - intervalMs,
      downAfter: 3,
      upAfter: 2,
      actuatorBreakers: false,
    },
    checks: new Map(all.map(([id, measured]) => [checkKey(ownService, id), checkOf(id, measured, nowMs)])),
    measured: all.map(([id, { report, eventLoop, heardAtMs }]) => ({
      id,
      eventLoop,
      observedAt: new Date(heardAtMs).toISOString(),
      intervalMs: report.intervalMs,
    })),
  };
}

function checkOf(instanceId: string, { report, eventLoop, heardAtMs }: Measured, nowMs: number): Check {
  const silenceMs = heardAtMs + unknownAfterMs(report.intervalMs);
  const common = {
    serviceId: ownService,
    instanceId,
    latencyMs: null,
    httpStatus: null,
    conditions: [],
    version: null,
    certificateExpiresAt: null,
  };
  if (nowMs > silenceMs)
    return {
      ...common,
      components: [],
      state: "unknown",
      connected: false,
      certain: true,
      timedOut: false,
      cause: `No report since ${new Date(heardAtMs).toISOString().slice(0, 19)}Z`,
      // A new result each interval, as if it had been checked.
      atMs: nowMs - ((nowMs - silenceMs) % report.intervalMs),
    };
  const component = componentOf(eventLoop, heardAtMs);
  return {
    ...common,
    components: [component],
    state: component.state,
    connected: true,
    certain: false,
    timedOut: false,
    atMs: heardAtMs,
    cause: component.state === "ok" ? null : `Event loop lag ${figuresOf(eventLoop)}`,
  };
}

function componentOf(eventLoop: EventLoopFigures, heardAtMs: number): CheckComponent {
  const isLate = eventLoop.delayMsP99 > delayMsMax;
  return {
    id: "event loop",
    state: isLate ? "degraded" : "ok",
    rawStatus: isLate ? "Late" : "OK",
    cause: null,
    details: { observedValue: figuresOf(eventLoop) },
    observedAt: new Date(heardAtMs).toISOString(),
  };
}

const figuresOf = ({ delayMsP99, delayMsMax, busyRatio }: EventLoopFigures) =>
  `p99 ${ms(delayMsP99)}, max ${ms(delayMsMax)}, ${Math.round(busyRatio * 100)} % busy`;

const ms = (value: number) =>
  value >= 1_000 ? `${(value / 1_000).toFixed(1)} s` : `${value < 10 ? value : Math.round(value)} ms`;
