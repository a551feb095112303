import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readAlertsSearch } from "#features/alerts/search.ts";
import { organizationRoute } from "./organization.tsx";

export const alertsRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.alerts.path,
  staticData: organizationPages.alerts,
  validateSearch: readAlertsSearch,
  component: lazyRouteComponent(() => import("#features/alerts/page.tsx"), "AlertsPage"),
});
