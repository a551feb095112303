import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readText } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

/** `run`: id of the run shown instead of the list; `queue`: id of the queue whose runs are listed. */
type JobRunsSearch = { run?: string | undefined; queue?: string | undefined };

export const jobRunsRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.jobRuns.path,
  staticData: organizationPages.jobRuns,
  validateSearch: (raw: Record<string, unknown>): JobRunsSearch => ({
    run: readText(raw, "run", 50),
    queue: readText(raw, "queue", 600),
  }),
  component: lazyRouteComponent(() => import("#features/queues/runs/page.tsx"), "JobRunsPage"),
});
