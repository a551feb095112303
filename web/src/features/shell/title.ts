import type { VerdictTone } from "@wheelhouse/shared/health/verdict.ts";
import { type Overview, overviewTopic } from "@wheelhouse/shared/overview.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useEffect, useEffectEvent, useRef } from "react";
import { formatTime } from "#lib/format.ts";
import { useLive } from "#lib/live/live-context.tsx";
import { serverClock } from "#lib/live/server-clock.ts";
import { judgeOverview } from "#lib/verdict.ts";
import degradedIcon from "./icons/degraded.svg?inline";
import downIcon from "./icons/down.svg?inline";
import okIcon from "./icons/ok.svg?inline";
import staleIcon from "./icons/stale.svg?inline";
import unknownIcon from "./icons/unknown.svg?inline";

const checkIntervalMs = 5000;

/** Within the script, so that they need no requests and change while the server cannot be reached. */
const icons: Record<VerdictTone, string> = {
  ok: okIcon,
  down: downIcon,
  degraded: degradedIcon,
  stale: staleIcon,
  unknown: unknownIcon,
};

type Named = { page: string; organization: string };

/** `2 down · Queues · Northwind · Wheelhouse`; the Overview page is not named. */
export const pageTitle = (
  verdict: string | null,
  { page, organization }: Named,
  moment: string | null,
): string =>
  [
    moment === null ? null : `As of ${formatTime(moment, "utc")} UTC`,
    verdict,
    page === organizationPages.overview.title ? null : page,
    organization,
    "Wheelhouse",
  ]
    .filter((part) => part !== null)
    .join(" · ");

/**
 * Keeps tab title and favicon in line with the verdict, even in a hidden tab: it writes only to the document
 * and renders nothing. When the feed falls silent, both become stale.
 */
export const useTitle = (
  overview: Overview | undefined,
  { page, organization }: Named,
  moment: string | null,
): void => {
  const latest = useRef<Overview | undefined>(undefined);
  const write = useEffectEvent(() => {
    const verdict =
      latest.current === undefined
        ? null
        : judgeOverview(
            latest.current,
            moment === null ? serverClock.now() : Date.parse(latest.current.observedAt ?? moment),
            "utc",
          );
    const title = pageTitle(verdict?.short ?? null, { page, organization }, moment);
    if (document.title !== title) document.title = title;
    const icon = document.getElementById("favicon");
    const href = icons[moment === null ? (verdict?.tone ?? "unknown") : "stale"];
    if (icon !== null && icon.getAttribute("href") !== href) icon.setAttribute("href", href);
  });
  useEffect(() => {
    // The verdict of a past moment is unknown until it is loaded.
    latest.current = overview ?? (moment === null ? latest.current : undefined);
    write();
  }, [overview, moment]);
  useEffect(() => {
    if (page !== "") write();
  }, [page]);
  useEffect(() => {
    const timer = setInterval(() => write(), checkIntervalMs);
    return () => clearInterval(timer);
  }, []);
  useLive(
    overviewTopic,
    (now) => {
      if (moment !== null) return;
      latest.current = now;
      write();
    },
    { whenHidden: true },
  );
};
