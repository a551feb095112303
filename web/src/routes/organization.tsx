import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createRoute, type ErrorComponentProps, Outlet, redirect, useMatches } from "@tanstack/react-router";
import { useOverviewLive } from "#features/health/health-live.ts";
import { overviewQuery } from "#features/health/health-queries.ts";
import { Shell } from "#features/shell/shell-frame.tsx";
import { ApiError } from "#lib/api.ts";
import { LiveProvider, useLiveStatus } from "#lib/live-context.tsx";
import { MomentProvider } from "#lib/moment.ts";
import { sessionQuery, useSession } from "#lib/session.ts";
import { Button } from "#ui/button.tsx";
import { Problem } from "#ui/problem.tsx";
import { rootRoute } from "./root.tsx";

const pollIntervalMs = 5000;

const Frame = () => {
  const { org } = organizationRoute.useParams();
  const session = useSession(org);
  const page = useMatches().at(-1)?.staticData.title ?? "";
  useOverviewLive(org);
  const { connection } = useLiveStatus();
  const overview = useQuery({
    ...overviewQuery(org),
    refetchInterval: connection.state === "closed" ? pollIntervalMs : false,
  });
  return (
    <Shell session={session} overview={overview.data} page={page}>
      <Outlet />
    </Shell>
  );
};

const OrganizationPage = () => {
  const { org } = organizationRoute.useParams();
  const client = useQueryClient();
  return (
    <LiveProvider
      key={org}
      organization={org}
      onRefused={() => void client.invalidateQueries({ queryKey: ["session"] })}
    >
      <MomentProvider value={null}>
        <Frame />
      </MomentProvider>
    </LiveProvider>
  );
};

const OrganizationError = ({ error, reset }: ErrorComponentProps) => {
  if (error instanceof ApiError && (error.code === "not_found" || error.code === "forbidden")) {
    return (
      <Problem title="No such organization">
        It does not exist, or you are not a member. <a href="/">Go to your own</a>
      </Problem>
    );
  }
  return (
    <Problem title="The console cannot be shown">
      {error instanceof Error ? `${error.message}.` : ""} <Button onClick={reset}>Try again</Button>
    </Problem>
  );
};

export const organizationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/o/$org",
  beforeLoad: async ({ context, params, location }) => {
    try {
      await context.queryClient.ensureQueryData(sessionQuery(params.org));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "unauthenticated") throw error;
      throw redirect({ to: "/signin", search: { next: location.href } });
    }
  },
  component: OrganizationPage,
  errorComponent: OrganizationError,
});
