import { Link } from "@tanstack/react-router";
import { judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import {
  type OrganizationPagePath,
  organizationPageList,
  organizationPages,
} from "@wheelhouse/shared/pages.ts";
import { formatCountShort } from "#lib/format.ts";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useNow } from "#lib/live/now.ts";

export type NavCount = { text: string; tone: "bad" | "warn" | "" };
type CountOf = (overview: Overview) => NavCount | null;

const problemsOf = (overview: Overview, area: string | null): NavCount | null => {
  const found = overview.problems.filter((problem) => area === null || problem.area === area);
  if (found.length === 0) return null;
  return { text: String(found.length), tone: found.some(({ state }) => state === "down") ? "bad" : "warn" };
};

/**
 * The count at the end of a page's line where it is not the number of problems of the topic with the page's name. Only
 * root causes count, because what they explain is no separate problem.
 */
const counts: Partial<Record<OrganizationPagePath, CountOf>> = {
  [organizationPages.overview.path]: (overview) => problemsOf(overview, null),
  [organizationPages.services.path]: (overview) => problemsOf(overview, "health"),
  [organizationPages.breakers.path]: ({ tiles: { breakers } }) =>
    breakers.open ? { text: formatCountShort(breakers.open), tone: "bad" } : null,
  [organizationPages.webhooks.path]: ({ tiles: { webhooks } }) => {
    if (webhooks.deadLetters === null) return { text: "?", tone: "" };
    return webhooks.deadLetters === 0 ? null : { text: formatCountShort(webhooks.deadLetters), tone: "warn" };
  },
};

/** The pages of the navigation, in its order. */
export const navItems = organizationPageList
  .filter(({ reachedBy }) => reachedBy === "navigation")
  .map(({ path, title, key, isInTabBar = false }) => ({
    to: `/o/$org${path}` as const,
    label: title,
    key,
    isInTabBar,
    count: counts[path] ?? ((overview: Overview) => problemsOf(overview, path.slice(1))),
  }));

/** Whether the counts are outdated; without data there is nothing to dim. */
const useIsCurrent = (overview: Overview | undefined): boolean => {
  const nowMs = useNow();
  const { collectorLost } = useLiveStatus();
  if (collectorLost) return false;
  return overview === undefined || judgeFreshness(overview, nowMs).state === "fresh";
};

/** Left navigation with the problem count of each page. */
export const NavList = (props: { organization: string; overview: Overview | undefined }) => {
  const { organization, overview } = props;
  const isCurrent = useIsCurrent(overview);
  return (
    <ul className={isCurrent ? "" : "is-dim"}>
      {navItems.map(({ to, label, count }) => {
        const problems = overview === undefined || to === "/o/$org/overview" ? null : count(overview);
        return (
          <li key={to}>
            <Link to={to} params={{ org: organization }}>
              {label}
              {problems !== null && <span className={`n ${problems.tone}`}>{problems.text}</span>}
            </Link>
          </li>
        );
      })}
    </ul>
  );
};

const toneClass = { bad: "tx-down", warn: "tx-warn", "": "" } as const;

/** Bottom bar on phones: three pages with their problem counts, the rest behind More. */
export const TabBar = (props: {
  organization: string;
  overview: Overview | undefined;
  onMore: () => void;
}) => {
  const isCurrent = useIsCurrent(props.overview);
  return (
    <nav className={isCurrent ? "tabbar" : "tabbar is-dim"} aria-label="Main, short">
      {navItems
        .filter(({ isInTabBar }) => isInTabBar)
        .map(({ to, label, count }) => {
          const problems = props.overview === undefined ? null : count(props.overview);
          return (
            <Link key={to} to={to} params={{ org: props.organization }}>
              <b className={problems === null ? "" : toneClass[problems.tone]}>{problems?.text ?? ""}</b>
              {label}
            </Link>
          );
        })}
      <button type="button" onClick={props.onMore}>
        <b>⋯</b>More
      </button>
    </nav>
  );
};
