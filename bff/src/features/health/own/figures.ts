import { isStale } from "@wheelhouse/shared/freshness.ts";
import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";
import type { Figures, FiguresSeen } from "#observe/aspect.ts";
import { defineFigures, type Metrics } from "#observe/figures.ts";
import { type OwnProcess, ownService, platform } from "#observe/reports/reports.ts";

export const longestDelay = "eventLoopDelayMsMax";

const metrics: Metrics<EventLoopFigures> = [
  ["eventLoopDelayMsP99", ({ delayMsP99 }) => delayMsP99],
  [longestDelay, ({ delayMsMax }) => delayMsMax],
  ["eventLoopBusyRatio", ({ busyRatio }) => busyRatio],
];
const ofProcess = defineFigures("process", metrics);
const ofService = defineFigures("service", metrics);

/**
 * Event loop lag of Wheelhouse's processes: for each, and the maximum for the service, which continues across
 * process restarts. A silent process has no figures.
 */
export function figuresOfProcesses(
  processes: readonly OwnProcess[],
  { atMs, organizationIdOf }: Pick<FiguresSeen, "atMs" | "organizationIdOf">,
): Figures[] {
  const organizationId = organizationIdOf(platform);
  const heard = processes.filter(({ observedAt, intervalMs }) => !isStale(observedAt, intervalMs, atMs));
  if (organizationId === undefined || heard.length === 0) return [];
  const most = (read: (figures: EventLoopFigures) => number) =>
    Math.max(...heard.map(({ eventLoop }) => read(eventLoop)));
  const worst: EventLoopFigures = {
    windowMs: most(({ windowMs }) => windowMs),
    delayMsP99: most(({ delayMsP99 }) => delayMsP99),
    delayMsMax: most(({ delayMsMax }) => delayMsMax),
    busyRatio: most(({ busyRatio }) => busyRatio),
  };
  const known = { organizationId, isKnown: true };
  return [
    ...heard.map(({ id, eventLoop }) => ofProcess.one(eventLoop, { ...known, entity: id })),
    ofService.one(worst, { ...known, entity: ownService }),
  ];
}
