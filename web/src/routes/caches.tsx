import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readText } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

/** `q`: the filter as typed; `cache`: id of the cache in the drawer. */
export type CachesSearch = { q?: string | undefined; cache?: string | undefined };

export const cachesRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.caches.path,
  staticData: organizationPages.caches,
  validateSearch: (raw: Record<string, unknown>): CachesSearch => ({
    q: readText(raw, "q"),
    cache: readText(raw, "cache", 600),
  }),
  component: lazyRouteComponent(() => import("#features/caches/page.tsx"), "CachesPage"),
});
