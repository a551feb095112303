import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { schedulesQuery } from "#features/schedules/queries.ts";
import { readText } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

/** `q`: the filter as typed; `schedule`: id of the schedule in the drawer. */
export type SchedulesSearch = { q?: string | undefined; schedule?: string | undefined };

export const schedulesRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.schedules.path,
  staticData: organizationPages.schedules,
  validateSearch: (raw: Record<string, unknown>): SchedulesSearch => ({
    q: readText(raw, "q"),
    schedule: readText(raw, "schedule", 1_000),
  }),
  // The list loads in parallel with the page's script.
  loaderDeps: ({ search }) => ({ at: search.at ?? null }),
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchQuery({
      ...schedulesQuery(params.org, deps.at),
      staleTime: Number.POSITIVE_INFINITY,
    });
  },
  component: lazyRouteComponent(() => import("#features/schedules/page.tsx"), "SchedulesPage"),
});
