import { Link } from "@tanstack/react-router";
import { judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { formatCountShort } from "#lib/format.ts";
import { useLiveStatus } from "#lib/live-context.tsx";
import { useNow } from "#lib/now.ts";

export type NavCount = { text: string; tone: "bad" | "warn" | "" };
export type NavItem = {
  to:
    | "/o/$org/overview"
    | "/o/$org/services"
    | "/o/$org/breakers"
    | "/o/$org/caches"
    | "/o/$org/queues"
    | "/o/$org/webhooks"
    | "/o/$org/audit"
    | "/o/$org/access";
  label: string;
  /** Second key after `g`. */
  key: string;
  /** Stands in the bottom bar of a phone; the rest is behind More. */
  isInBar?: true;
  count: (overview: Overview) => NavCount | null;
};

const problemsOf = (overview: Overview, area: string | null): NavCount | null => {
  const found = overview.problems.filter((problem) => area === null || problem.area === area);
  if (found.length === 0) return null;
  return { text: String(found.length), tone: found.some(({ state }) => state === "down") ? "bad" : "warn" };
};

/** Every page that exists, in the order of the navigation. */
export const navItems: readonly NavItem[] = [
  {
    to: "/o/$org/overview",
    label: "Overview",
    key: "o",
    isInBar: true,
    count: (overview) => problemsOf(overview, null),
  },
  // Root causes only: what they explain is no problem of its own.
  {
    to: "/o/$org/services",
    label: "Services",
    key: "s",
    count: (overview) => problemsOf(overview, "health"),
  },
  {
    to: "/o/$org/breakers",
    label: "Breakers",
    key: "b",
    count: ({ tiles: { breakers } }) =>
      breakers.open ? { text: formatCountShort(breakers.open), tone: "bad" } : null,
  },
  {
    to: "/o/$org/caches",
    label: "Cache",
    key: "c",
    count: (overview) => problemsOf(overview, "caches"),
  },
  {
    to: "/o/$org/queues",
    label: "Queues",
    key: "q",
    isInBar: true,
    count: (overview) => problemsOf(overview, "queues"),
  },
  {
    to: "/o/$org/webhooks",
    label: "Webhooks",
    key: "w",
    isInBar: true,
    count: ({ tiles: { webhooks } }) => {
      if (webhooks.deadLetters === null) return { text: "?", tone: "" };
      return webhooks.deadLetters === 0
        ? null
        : { text: formatCountShort(webhooks.deadLetters), tone: "warn" };
    },
  },
  { to: "/o/$org/audit", label: "Audit", key: "a", count: () => null },
  { to: "/o/$org/access", label: "Access", key: "m", count: () => null },
];

/** Whether the counts may be believed; without data there is nothing to dim. */
const useIsCurrent = (overview: Overview | undefined): boolean => {
  const nowMs = useNow();
  const { collectorLost } = useLiveStatus();
  if (collectorLost) return false;
  return overview === undefined || judgeFreshness(overview, nowMs).state === "fresh";
};

/** Left navigation; a page's problems stand at the end of its line. */
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

/** Bottom bar of a phone: three pages with their problems above the word, and the rest behind More. */
export const TabBar = (props: {
  organization: string;
  overview: Overview | undefined;
  onMore: () => void;
}) => {
  const isCurrent = useIsCurrent(props.overview);
  return (
    <nav className={isCurrent ? "tabbar" : "tabbar is-dim"} aria-label="Main, short">
      {navItems
        .filter(({ isInBar }) => isInBar)
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
