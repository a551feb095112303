import { judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import { judgeVerdict, type Verdict } from "@wheelhouse/shared/health/verdict.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { formatSpanShort } from "@wheelhouse/shared/span.ts";

/** The verdict shown on the dashboard, in UTC, for the page before its scripts run. */
export const verdictOf = (overview: Overview, nowMs: number): Verdict =>
  judgeVerdict(overview, judgeFreshness(overview, nowMs), nowMs, {
    count: (value) => value.toLocaleString("en-US"),
    span: formatSpanShort,
    clock: (iso) => `${iso.slice(11, 16)} UTC`,
  });
