import { judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { judgeVerdict, type Verdict } from "@wheelhouse/shared/verdict.ts";
import { formatClock, formatCount, formatSpanShort, type Zone, zoneName } from "#lib/format.ts";

/** The verdict that headline, tab title and favicon share, in the words and the zone of this page. */
export const judgeOverview = (overview: Overview, nowMs: number, zone: Zone): Verdict =>
  judgeVerdict(overview, judgeFreshness(overview, nowMs), nowMs, {
    count: formatCount,
    span: formatSpanShort,
    clock: (iso) => `${formatClock(iso, zone)} ${zoneName(zone)}`,
  });
