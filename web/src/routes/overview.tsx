import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { organizationRoute } from "./organization.tsx";

export const overviewRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.overview.path,
  staticData: organizationPages.overview,
  component: lazyRouteComponent(() => import("#features/overview/page.tsx"), "OverviewPage"),
});
