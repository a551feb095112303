import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { organizationRoute } from "./organization.tsx";

export const reportsRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.reports.path,
  staticData: organizationPages.reports,
  component: lazyRouteComponent(() => import("#features/reports/page.tsx"), "ReportsPage"),
});
