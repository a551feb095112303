import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { outerPages } from "@wheelhouse/shared/pages.ts";
import { readText } from "#lib/search-params.ts";
import { rootRoute } from "../root.tsx";

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: outerPages.signIn.path,
  validateSearch: (
    raw: Record<string, unknown>,
  ): { next?: string | undefined; problem?: string | undefined } => ({
    next: readText(raw, "next", 2000),
    problem: readText(raw, "problem", 40),
  }),
  // Sign-in methods load before the form renders, so that nothing moves under the pointer.
  loader: async ({ context }) => {
    const { providersQuery } = await import("#features/access/session-queries.ts");
    await context.queryClient.prefetchQuery(providersQuery());
  },
  component: lazyRouteComponent(() => import("#features/access/sign-in/sign-in-page.tsx"), "SignInPage"),
});
