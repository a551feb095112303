import { judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import { judgeVerdict, type Verdict } from "@wheelhouse/shared/health/verdict.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { formatClock, formatCount, formatSpanShort, type Zone, zoneName } from "./format.ts";

/** The verdict shared by headline, tab title and favicon, in the page's wording and time zone. */
export const judgeOverview = (overview: Overview, nowMs: number, zone: Zone): Verdict =>
  judgeVerdict(overview, judgeFreshness(overview, nowMs), nowMs, {
    count: formatCount,
    span: formatSpanShort,
    clock: (iso) => `${formatClock(iso, zone)} ${zoneName(zone)}`,
  });
