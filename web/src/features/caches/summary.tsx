import type { CacheRow } from "@wheelhouse/shared/caches/caches.ts";
import { formatCount, formatPercent, formatPlural } from "#lib/format.ts";
import { Age } from "#ui/text/time.tsx";
import { overallRatio } from "./filter.ts";

/** Number of caches, their overall hit ratio and those below their thresholds. */
export const CachesSummary = ({ rows, shown }: { rows: readonly CacheRow[]; shown: number }) => {
  const { hits, misses, ratio } = overallRatio(rows);
  const low = rows.filter(({ label }) => label === "Low hit ratio");
  const since = low.map((row) => row.since ?? "").sort()[0];
  const unknown = rows.filter(({ state }) => state === "unknown").length;
  const isKnown = rows.some(({ hitsPerMinute }) => hitsPerMinute !== null);
  const only = low.length === 1 ? low[0]?.threshold : null;
  return (
    <div className="sum pad">
      <span>
        <b>{formatCount(shown)}</b>
        {shown === rows.length ? "" : ` of ${formatCount(rows.length)}`}{" "}
        {rows.length === 1 ? "cache" : "caches"}
      </span>
      <span>
        <b>{ratio === null ? "–" : formatPercent(ratio)}</b> hit ratio, last minute
      </span>
      {low.length > 0 && (
        <span className="tx-warn">
          <b>{low.length}</b> below {low.length === 1 ? "its threshold" : "their thresholds"}
          {only ? ` of ${formatPercent(only)}` : ""}
          {since && (
            <>
              {" for "}
              <Age at={since} />
            </>
          )}
        </span>
      )}
      {unknown > 0 && (
        <span>
          <b>{unknown}</b> not reporting
        </span>
      )}
      <span className="c3">
        {isKnown
          ? `${formatCount(Math.round(hits))} hits /m · ${formatPlural(Math.round(misses), "miss", "misses")} /m, counted by the application`
          : "Calls of the last minute unknown"}
      </span>
    </div>
  );
};
