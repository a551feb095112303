import { createRoute, redirect } from "@tanstack/react-router";
import { organizationPageList, organizationPages } from "@wheelhouse/shared/pages.ts";
import { ApiError } from "#lib/api/api.ts";
import { sessionQuery } from "#lib/api/session.ts";
import { isSignedOut } from "#lib/api/signed-out.ts";
import { rootRoute } from "../root.tsx";

/** The first page needs no way back to it. */
const nextOf = (href: string) => (href === "/" ? {} : { next: href });

/** Any other path is an unknown page of the organization, where the navigation leads on. */
const shortPaths = ["/" as const, ...organizationPageList.map(({ path }) => path), "/$" as const];

/** Paths without an organization redirect to the session's default organization, keeping their query. */
export const defaultOrganizationRoutes = shortPaths.map((path) =>
  createRoute({
    getParentRoute: () => rootRoute,
    path,
    beforeLoad: async ({ context, location }) => {
      if (isSignedOut()) throw redirect({ to: "/signin", search: nextOf(location.href), replace: true });
      try {
        const session = await context.queryClient.ensureQueryData(sessionQuery());
        const page =
          path === "/" ? organizationPages.overview.path : path === "/$" ? location.pathname : path;
        throw redirect({
          href: `/o/${session.organization.slug}${page}${location.searchStr}`,
          replace: true,
        });
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "unauthenticated") throw error;
        throw redirect({ to: "/signin", search: nextOf(location.href), replace: true });
      }
    },
  }),
);
