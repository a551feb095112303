import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { organizationRoute } from "../organization.tsx";

export const accountRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.account.path,
  staticData: organizationPages.account,
  component: lazyRouteComponent(() => import("#features/access/sessions/account-page.tsx"), "AccountPage"),
});
