import type { Capability } from "./capabilities.ts";

export type OrganizationPage = {
  /** Below `/o/:org`; without an organization it leads to the session's default one. */
  path: `/${string}`;
  title: string;
  /** In the navigation and the palette, in the palette alone, or in the menu of the person. */
  reachedBy: "navigation" | "palette" | "menu";
  /** Second key after `g`. */
  key?: string;
  /** Also in the bottom bar of a phone; the rest of the navigation is behind More there. */
  isInTabBar?: true;
  /** It can show a past moment. */
  hasPast?: true;
  /** Offered only to those who have it. */
  capability?: Capability;
  /** What the palette adds to the title. */
  detail?: string;
};

/** Every page of an organization, in the order of the navigation. Routes, reloads, titles and keys are derived from it. */
export const organizationPages = {
  overview: {
    path: "/overview",
    title: "Overview",
    reachedBy: "navigation",
    key: "o",
    isInTabBar: true,
    hasPast: true,
  },
  services: { path: "/services", title: "Services", reachedBy: "navigation", key: "s", hasPast: true },
  breakers: { path: "/breakers", title: "Breakers", reachedBy: "navigation", key: "b", hasPast: true },
  caches: { path: "/caches", title: "Cache", reachedBy: "navigation", key: "c", hasPast: true },
  queues: {
    path: "/queues",
    title: "Queues",
    reachedBy: "navigation",
    key: "q",
    isInTabBar: true,
    hasPast: true,
  },
  webhooks: { path: "/webhooks", title: "Webhooks", reachedBy: "navigation", key: "w", isInTabBar: true },
  audit: { path: "/audit", title: "Audit", reachedBy: "navigation", key: "a" },
  access: { path: "/access", title: "Access", reachedBy: "navigation", key: "m" },
  sources: {
    path: "/sources",
    title: "Sources",
    reachedBy: "palette",
    capability: "sources:read",
    detail: "what is watched",
  },
  account: { path: "/account", title: "Your account", reachedBy: "menu" },
} as const satisfies Record<string, OrganizationPage>;

export type OrganizationPagePath = (typeof organizationPages)[keyof typeof organizationPages]["path"];

/** The same pages as a list, in the order of the navigation. */
export const organizationPageList: readonly (OrganizationPage & { path: OrganizationPagePath })[] =
  Object.values(organizationPages);

/** Pages that belong to no organization. */
export const outerPages = {
  signIn: { path: "/signin" },
  invite: { path: "/invite" },
  reset: { path: "/reset" },
  confirmed: { path: "/confirmed" },
} as const satisfies Record<string, { path: `/${string}` }>;

/** Paths of all pages without an organization in front, `/` included. */
export const pagePaths: readonly string[] = [
  "/",
  ...Object.values(outerPages).map(({ path }) => path),
  ...organizationPageList.map(({ path }) => path),
];
