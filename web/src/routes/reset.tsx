import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "./root.tsx";

export const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/reset",
  component: lazyRouteComponent(() => import("#features/access/access-reset-page.tsx"), "ResetPage"),
});

export const confirmedRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/confirmed",
  component: lazyRouteComponent(() => import("#features/access/access-confirmed-page.tsx"), "ConfirmedPage"),
});
