import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readJobsSearch } from "#features/queues/jobs/search.ts";
import { organizationRoute } from "./organization.tsx";

export const jobsRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.jobs.path,
  staticData: organizationPages.jobs,
  validateSearch: readJobsSearch,
  component: lazyRouteComponent(() => import("#features/queues/jobs/page.tsx"), "JobsPage"),
});
