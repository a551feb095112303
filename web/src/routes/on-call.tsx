import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { type OnCallSearch, onCallTabs } from "#features/on-call/search.ts";
import { readText, readWord } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

export const onCallRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.onCall.path,
  staticData: organizationPages.onCall,
  validateSearch: (raw: Record<string, unknown>): OnCallSearch => ({
    tab: readWord(raw, "tab", onCallTabs),
    team: readText(raw, "team", 40),
  }),
  component: lazyRouteComponent(() => import("#features/on-call/page.tsx"), "OnCallPage"),
});
