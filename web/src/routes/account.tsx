import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationRoute } from "./organization.tsx";

export const accountRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: "/account",
  staticData: { title: "Your account" },
  component: lazyRouteComponent(() => import("#features/access/access-account-page.tsx"), "AccountPage"),
});
