import type { Report } from "@wheelhouse/shared/reporter/report.ts";

const silentAfterIntervals = 5;
const shortestSilenceMs = 5_000;

/** When a report of this time tells nothing of now any more, unless another one follows. */
export const silentAtMs = (heardAtMs: number, intervalMs: number): number =>
  heardAtMs + Math.max(silentAfterIntervals * intervalMs, shortestSilenceMs);

/** Nothing was heard of its process for so long that nobody knows how it does. */
export const isSilent = ({ reportedAt, intervalMs }: Report, nowMs: number): boolean =>
  nowMs > silentAtMs(Date.parse(reportedAt), intervalMs);
