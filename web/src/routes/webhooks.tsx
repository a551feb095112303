import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readWebhooksSearch } from "#features/webhooks/search.ts";
import { organizationRoute } from "./organization.tsx";

export const webhooksRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.webhooks.path,
  staticData: organizationPages.webhooks,
  validateSearch: readWebhooksSearch,
  component: lazyRouteComponent(() => import("#features/webhooks/page.tsx"), "WebhooksPage"),
});
