import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readAuditSearch } from "#features/audit/search.ts";
import { organizationRoute } from "./organization.tsx";

export const auditRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.audit.path,
  staticData: organizationPages.audit,
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import("#features/audit/page.tsx"), "AuditPage"),
});
