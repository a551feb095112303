import { createRoute, redirect } from "@tanstack/react-router";
import { organizationPageList, organizationPages } from "@wheelhouse/shared/pages.ts";
import { ApiError } from "#lib/api/api.ts";
import { sessionQuery } from "#lib/api/session.ts";
import { rootRoute } from "./root.tsx";

const shortPaths = ["/" as const, ...organizationPageList.map(({ path }) => path)];

/** Paths without an organization redirect to the session's default organization, keeping their query. */
export const defaultOrganizationRoutes = shortPaths.map((path) =>
  createRoute({
    getParentRoute: () => rootRoute,
    path,
    beforeLoad: async ({ context, location }) => {
      try {
        const session = await context.queryClient.ensureQueryData(sessionQuery());
        const page = path === "/" ? organizationPages.overview.path : path;
        throw redirect({
          href: `/o/${session.organization.slug}${page}${location.searchStr}`,
          replace: true,
        });
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "unauthenticated") throw error;
        throw redirect({ to: "/signin", search: { next: location.href }, replace: true });
      }
    },
  }),
);
