import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { readWebhooksSearch } from "#features/webhooks/webhooks-search.ts";
import { organizationRoute } from "./organization.tsx";

export const webhooksRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: "/webhooks",
  staticData: { title: "Webhooks" },
  validateSearch: readWebhooksSearch,
  component: lazyRouteComponent(() => import("#features/webhooks/webhooks-page.tsx"), "WebhooksPage"),
});
