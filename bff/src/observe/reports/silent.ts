import { unknownAfterMs } from "@wheelhouse/shared/freshness.ts";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";

/** Nothing was heard of its process for so long that nobody knows how it does. */
export const isSilent = ({ reportedAt, intervalMs }: Report, nowMs: number): boolean =>
  nowMs - Date.parse(reportedAt) > unknownAfterMs(intervalMs);
