import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readText } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

/** `q`: the filter as typed; `source`: id of the source in the drawer. */
type SourcesSearch = { q?: string | undefined; source?: string | undefined };

export const sourcesRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.sources.path,
  staticData: organizationPages.sources,
  validateSearch: (raw: Record<string, unknown>): SourcesSearch => ({
    q: readText(raw, "q"),
    source: readText(raw, "source", 200),
  }),
  component: lazyRouteComponent(() => import("#features/sources/page.tsx"), "SourcesPage"),
});
