import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readAccessSearch } from "#features/access/search.ts";
import { organizationRoute } from "./organization.tsx";

export const accessRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.access.path,
  staticData: organizationPages.access,
  validateSearch: readAccessSearch,
  component: lazyRouteComponent(() => import("#features/access/page.tsx"), "AccessPage"),
});
