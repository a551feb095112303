import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationRoute } from "./organization.tsx";

export const overviewRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: "/overview",
  staticData: { title: "Overview", hasPast: true },
  component: lazyRouteComponent(() => import("#features/health/health-overview-page.tsx"), "OverviewPage"),
});
