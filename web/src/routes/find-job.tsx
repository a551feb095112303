import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { readText, readWord } from "#lib/search-params.ts";
import { organizationRoute } from "./organization.tsx";

/** `q`: the filter as typed; `view`: failed jobs by cause instead of the list. */
export type FindJobSearch = { q?: string | undefined; view?: "causes" | undefined };

export const findJobRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.findJob.path,
  staticData: organizationPages.findJob,
  validateSearch: (raw: Record<string, unknown>): FindJobSearch => ({
    q: readText(raw, "q", 1_000),
    view: readWord(raw, "view", ["causes"]),
  }),
  component: lazyRouteComponent(() => import("#features/queues/find/page.tsx"), "FindJobPage"),
});
