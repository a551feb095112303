import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { readAccessSearch } from "#features/access/access-search.ts";
import { organizationRoute } from "./organization.tsx";

export const accessRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: "/access",
  staticData: { title: "Access" },
  validateSearch: readAccessSearch,
  component: lazyRouteComponent(() => import("#features/access/access-page.tsx"), "AccessPage"),
});
