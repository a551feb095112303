import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { organizationRoute } from "./organization.tsx";

export const overviewRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.overview.path,
  staticData: organizationPages.overview,
  component: lazyRouteComponent(() => import("./overview-page.tsx"), "Home"),
});

/** `/o/acme` is the overview of acme. */
export const organizationIndexRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: "/",
  beforeLoad: ({ params, search }) => {
    throw redirect({ to: "/o/$org/overview", params, search, replace: true });
  },
});
