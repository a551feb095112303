import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, Outlet } from "@tanstack/react-router";
import { StepUp } from "#features/access/sign-in/step-up.tsx";
import { basePath } from "#lib/base-path.ts";
import { Problem } from "#ui/page/problem.tsx";

export const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: () => (
    <>
      <Outlet />
      <StepUp />
    </>
  ),
  notFoundComponent: () => (
    <Problem title="Page not found">
      The URL may be mistyped, or the page may not exist in this version.{" "}
      <a href={`${basePath}/`}>Go to the overview</a>
    </Problem>
  ),
});
