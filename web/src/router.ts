import type { QueryClient } from "@tanstack/react-query";
import { createRouter } from "@tanstack/react-router";
import { basePath } from "#lib/base-path.ts";
import { parseSearch, stringifySearch } from "#lib/search-params.ts";
import { accessRoute } from "#routes/access.tsx";
import { accountRoute } from "#routes/account/account.tsx";
import { defaultOrganizationRoutes } from "#routes/account/default-organization.tsx";
import { inviteRoute } from "#routes/account/invite.tsx";
import { confirmedRoute, resetRoute } from "#routes/account/reset.tsx";
import { signInRoute } from "#routes/account/sign-in.tsx";
import { alertsRoute } from "#routes/alerts.tsx";
import { auditRoute } from "#routes/audit.tsx";
import { breakersRoute } from "#routes/breakers.tsx";
import { cachesRoute } from "#routes/caches.tsx";
import { findJobRoute } from "#routes/find-job.tsx";
import { jobRunsRoute } from "#routes/job-runs.tsx";
import { jobsRoute } from "#routes/jobs.tsx";
import { onCallRoute } from "#routes/on-call.tsx";
import { organizationRoute } from "#routes/organization.tsx";
import { organizationIndexRoute, overviewRoute } from "#routes/overview.tsx";
import { queuesRoute } from "#routes/queues.tsx";
import { reportsRoute } from "#routes/reports.tsx";
import { rootRoute } from "#routes/root.tsx";
import { schedulesRoute } from "#routes/schedules.tsx";
import { servicesRoute } from "#routes/services.tsx";
import { sourcesRoute } from "#routes/sources.tsx";
import { unknownPageRoute } from "#routes/unknown-page.tsx";
import { webhooksRoute } from "#routes/webhooks.tsx";

const routeTree = rootRoute.addChildren([
  signInRoute,
  inviteRoute,
  resetRoute,
  confirmedRoute,
  organizationRoute.addChildren([
    organizationIndexRoute,
    overviewRoute,
    servicesRoute,
    sourcesRoute,
    breakersRoute,
    cachesRoute,
    queuesRoute,
    jobRunsRoute,
    schedulesRoute,
    jobsRoute,
    findJobRoute,
    reportsRoute,
    webhooksRoute,
    alertsRoute,
    auditRoute,
    accessRoute,
    onCallRoute,
    accountRoute,
    unknownPageRoute,
  ]),
  ...defaultOrganizationRoutes,
]);

export const createAppRouter = (queryClient: QueryClient) =>
  createRouter({
    routeTree,
    basepath: basePath || "/",
    context: { queryClient },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
  interface StaticDataRouteOption {
    /** Page name for the tab title. */
    title?: string;
    /** Whether the page can show a past moment. */
    hasPast?: boolean;
  }
}
