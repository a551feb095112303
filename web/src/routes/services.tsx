import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { servicesQuery } from "#features/health/services-queries.ts";
import { readText, readWord } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

/**
 * `q`: the filter as typed; `view`: list (default), tree or graph; `service`: id of the service in the drawer.
 */
type ServicesSearch = {
  q?: string | undefined;
  view?: "tree" | "graph" | undefined;
  service?: string | undefined;
};

export const servicesRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.services.path,
  staticData: organizationPages.services,
  validateSearch: (raw: Record<string, unknown>): ServicesSearch => ({
    q: readText(raw, "q"),
    view: readWord(raw, "view", ["tree", "graph"]),
    service: readText(raw, "service", 200),
  }),
  // The list loads in parallel with the page's script.
  loaderDeps: ({ search }) => ({ at: search.at ?? null }),
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchQuery({
      ...servicesQuery(params.org, deps.at),
      staleTime: Number.POSITIVE_INFINITY,
    });
  },
  component: lazyRouteComponent(() => import("#features/health/services-page.tsx"), "ServicesPage"),
});
