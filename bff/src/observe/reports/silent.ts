import { unknownAfterMs } from "@wheelhouse/shared/freshness.ts";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";

/** The process has not reported for so long that its condition is unknown. */
export const isSilent = (
  { reportedAt, intervalMs }: Pick<Report, "reportedAt" | "intervalMs">,
  nowMs: number,
): boolean => nowMs - Date.parse(reportedAt) > unknownAfterMs(intervalMs);
