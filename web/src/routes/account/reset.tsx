import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { outerPages } from "@wheelhouse/shared/pages.ts";
import { rootRoute } from "../root.tsx";

export const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: outerPages.reset.path,
  component: lazyRouteComponent(() => import("#features/access/sign-in/reset-page.tsx"), "ResetPage"),
});

export const confirmedRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: outerPages.confirmed.path,
  component: lazyRouteComponent(() => import("#features/access/sign-in/confirmed-page.tsx"), "ConfirmedPage"),
});
