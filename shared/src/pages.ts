import type { Capability } from "./capabilities.ts";

export type OrganizationPage = {
  /** Relative to `/o/:org`; without an organization it opens in the session's default organization. */
  path: `/${string}`;
  title: string;
  /**
   * `navigation`: in the sidebar and the palette; `palette`: in the palette only; `menu`: in the user menu; `page`:
   * from another page.
   */
  reachedBy: "navigation" | "palette" | "menu" | "page";
  /** Second key of the shortcut that starts with `g`. */
  key?: string;
  /** Also in the tab bar on phones, where the other pages are under More. */
  isInTabBar?: true;
  /** Supports Rewind. */
  hasPast?: true;
  /** Only shown to people with this capability. */
  capability?: Capability;
  /** Added to the title in the palette. */
  detail?: string;
  /**
   * Paths below `/api/v1`, with the query as the page asks, whose answers the page is sent with: what is there within
   * a fifth of a second needs no request of its own.
   */
  firstReads?: readonly `/${string}`[];
};

/**
 * Every page of an organization, in navigation order. Routes, page loads, titles and shortcuts derive from
 * this list.
 */
export const organizationPages = {
  overview: {
    path: "/overview",
    title: "Overview",
    reachedBy: "navigation",
    key: "o",
    isInTabBar: true,
    hasPast: true,
  },
  services: {
    path: "/services",
    title: "Services",
    reachedBy: "navigation",
    key: "s",
    isInTabBar: true,
    hasPast: true,
    firstReads: ["/health"],
  },
  breakers: {
    path: "/breakers",
    title: "Breakers",
    reachedBy: "navigation",
    key: "b",
    isInTabBar: true,
    hasPast: true,
    firstReads: ["/breakers"],
  },
  caches: {
    path: "/caches",
    title: "Cache",
    reachedBy: "navigation",
    key: "c",
    hasPast: true,
    firstReads: ["/caches"],
  },
  queues: {
    path: "/queues",
    title: "Queues",
    reachedBy: "navigation",
    key: "q",
    isInTabBar: true,
    hasPast: true,
    firstReads: ["/queues"],
  },
  schedules: {
    path: "/schedules",
    title: "Schedules",
    reachedBy: "navigation",
    key: "d",
    hasPast: true,
    firstReads: ["/schedules"],
  },
  jobs: { path: "/queues/jobs", title: "Jobs", reachedBy: "page" },
  findJob: {
    path: "/queues/find",
    title: "Find a job",
    reachedBy: "palette",
    detail: "by id, name, error or a field of its data",
  },
  jobRuns: {
    path: "/queues/runs",
    title: "Runs on jobs",
    reachedBy: "palette",
    capability: "queues:read",
    detail: "bulk retries, removals and moves",
  },
  webhooks: {
    path: "/webhooks",
    title: "Webhooks",
    reachedBy: "navigation",
    key: "w",
    isInTabBar: true,
    firstReads: [
      "/webhooks/endpoints?limit=200",
      "/webhooks/sources?limit=200",
      "/webhooks/replays?limit=10",
    ],
  },
  alerts: {
    path: "/alerts",
    title: "Alerts",
    reachedBy: "navigation",
    key: "l",
    firstReads: ["/alerts", "/alerts/incidents"],
  },
  audit: {
    path: "/audit",
    title: "Audit",
    reachedBy: "navigation",
    key: "a",
    firstReads: ["/audit/proof", "/audit/retention", "/audit/views", "/audit/reviews?limit=20"],
  },
  onCall: {
    path: "/oncall",
    title: "On call",
    reachedBy: "palette",
    detail: "rota, escalation, channels, who can be reached",
  },
  access: { path: "/access", title: "Access", reachedBy: "navigation", key: "m" },
  sources: {
    path: "/sources",
    title: "Sources",
    reachedBy: "palette",
    capability: "sources:read",
    detail: "watched services, servers and caches",
  },
  reports: {
    path: "/reports",
    title: "Reports",
    reachedBy: "palette",
    capability: "audit:read",
    detail: "deliveries and audit by day, caches, the database",
  },
  account: { path: "/account", title: "Your account", reachedBy: "menu" },
} as const satisfies Record<string, OrganizationPage>;

export type OrganizationPagePath = (typeof organizationPages)[keyof typeof organizationPages]["path"];

/** The same pages as a list, in navigation order. */
export const organizationPageList: readonly (OrganizationPage & { path: OrganizationPagePath })[] =
  Object.values(organizationPages);

/** Pages outside an organization. */
export const outerPages = {
  signIn: { path: "/signin" },
  invite: { path: "/invite" },
  reset: { path: "/reset" },
  confirmed: { path: "/confirmed" },
} as const satisfies Record<string, { path: `/${string}` }>;

/** Paths of all pages without the organization prefix, including `/`. */
export const pagePaths: readonly string[] = [
  "/",
  ...Object.values(outerPages).map(({ path }) => path),
  ...organizationPageList.map(({ path }) => path),
];
