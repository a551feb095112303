import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { breakersQuery } from "#features/breakers/queries.ts";
import { readText, readWord } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

/**
 * `q`: the filter as typed; `breaker`: id of the breaker in the drawer; `view`: `service` groups by service.
 */
export type BreakersSearch = {
  q?: string | undefined;
  breaker?: string | undefined;
  view?: "service" | undefined;
};

export const breakersRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.breakers.path,
  staticData: organizationPages.breakers,
  validateSearch: (raw: Record<string, unknown>): BreakersSearch => ({
    q: readText(raw, "q"),
    breaker: readText(raw, "breaker", 600),
    view: readWord(raw, "view", ["service"]),
  }),
  // The list loads in parallel with the page's script.
  loaderDeps: ({ search }) => ({ at: search.at ?? null }),
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchQuery({
      ...breakersQuery(params.org, deps.at),
      staleTime: Number.POSITIVE_INFINITY,
    });
  },
  component: lazyRouteComponent(() => import("#features/breakers/page.tsx"), "BreakersPage"),
});
