import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readText } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

/** `q`: the filter as typed; `queue`: id of the queue in the drawer. */
export type QueuesSearch = { q?: string | undefined; queue?: string | undefined };

export const queuesRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.queues.path,
  staticData: organizationPages.queues,
  validateSearch: (raw: Record<string, unknown>): QueuesSearch => ({
    q: readText(raw, "q"),
    queue: readText(raw, "queue", 600),
  }),
  component: lazyRouteComponent(() => import("#features/queues/page.tsx"), "QueuesPage"),
});
