import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { outerPages } from "@wheelhouse/shared/pages.ts";
import { rootRoute } from "../root.tsx";

export const inviteRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: outerPages.invite.path,
  component: lazyRouteComponent(() => import("#features/access/members/invite-page.tsx"), "InvitePage"),
});
