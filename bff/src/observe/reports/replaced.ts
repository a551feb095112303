import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import { isSilent } from "./silent.ts";

type Process = { report: Report; heardAtMs: number; startedAtMs: number };

const groupOf = ({ service, process }: Report) => `${process?.about} ${service}`;

/**
 * The reports without those of killed processes that have a successor: one with the same roles that started after their
 * last report. Each successor replaces one process, so if two died and one came back, one is still missing. A successor
 * may have died too; its own successor then replaces it.
 */
export function withoutReplaced(reports: readonly Report[], nowMs: number): readonly Report[] {
  const groups = new Map<string, Process[]>();
  for (const report of reports) {
    const { process } = report;
    // A process without measurements has not joined yet.
    if (process?.upMs === undefined || process.eventLoop === null) continue;
    const heardAtMs = Date.parse(report.reportedAt);
    const of = { report, heardAtMs, startedAtMs: heardAtMs - process.upMs };
    const group = groups.get(groupOf(report));
    if (group) group.push(of);
    else groups.set(groupOf(report), [of]);
  }
  const replaced = new Set<Report>();
  for (const group of groups.values()) {
    const silent = group
      .filter(({ report }) => isSilent(report, nowMs))
      .sort((a, b) => a.heardAtMs - b.heardAtMs);
    for (const { startedAtMs } of group.sort((a, b) => a.startedAtMs - b.startedAtMs)) {
      const [oldest] = silent;
      if (oldest === undefined || oldest.heardAtMs > startedAtMs) continue;
      silent.shift();
      replaced.add(oldest.report);
    }
  }
  return replaced.size === 0 ? reports : reports.filter((report) => !replaced.has(report));
}
