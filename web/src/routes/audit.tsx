import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { readAuditSearch } from "#features/audit/audit-search.ts";
import { organizationRoute } from "./organization.tsx";

export const auditRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: "/audit",
  staticData: { title: "Audit" },
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import("#features/audit/audit-page.tsx"), "AuditPage"),
});
