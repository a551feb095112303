import { useQuery, useQueryClient } from "@tanstack/react-query";
import {
  createRoute,
  type ErrorComponentProps,
  Outlet,
  redirect,
  retainSearchParams,
  useMatches,
  useNavigate,
} from "@tanstack/react-router";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { Suspense, useCallback, useMemo, useState } from "react";
import { Bell } from "#features/bell/bell.tsx";
import { overviewBoard, overviewQuery } from "#features/overview/queries.ts";
import { Shell } from "#features/shell/frame.tsx";
import { Standstill, StoreAway, standstillOf, storeAwayOf } from "#features/shell/store-away.tsx";
import { ApiError } from "#lib/api/api.ts";
import { sessionQuery, useSession } from "#lib/api/session.ts";
import { isSignedOut } from "#lib/api/signed-out.ts";
import { basePath } from "#lib/base-path.ts";
import {
  type HistorySpanChoice,
  HistorySpanProvider,
  readHistorySpan,
  spanNamed,
} from "#lib/history/history-span.ts";
import { useBoard } from "#lib/live/live-board.ts";
import { LiveProvider, useLiveStatus } from "#lib/live/live-context.tsx";
import { MomentProvider, momentOf } from "#lib/live/moment.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { onDemand } from "#lib/on-demand.ts";
import { readTimestamp } from "#lib/search-params.ts";
import { Button } from "#ui/page/button.tsx";
import { Problem } from "#ui/page/problem.tsx";
import { rootRoute } from "./root.tsx";

const pollIntervalMs = 5000;
const Scrubber = onDemand(async () => ({
  default: (await import("#features/history/scrubber.tsx")).Scrubber,
}));

const useSpanChoice = (range: string | undefined): HistorySpanChoice => {
  const navigate = useNavigate();
  return useMemo<HistorySpanChoice>(
    () => ({
      span: spanNamed(range),
      choose: (name) =>
        void navigate({
          to: ".",
          search: (before) => ({ ...before, range: name === "1h" ? undefined : name }),
          replace: true,
        }),
    }),
    [range, navigate],
  );
};

/** What a page that reads only Postgres would not show by itself; null where all is well. */
const useNotice = (overview: Overview | undefined, page: string, hasPast: boolean) => {
  // Pages fed by the collector show the age of their data; the other pages read only Postgres.
  const { cause, since } = (hasPast ? undefined : storeAwayOf(overview)) ?? {};
  const standstill = page === organizationPages.webhooks.title ? standstillOf(overview) : undefined;
  const { cause: stopped, since: stoppedAt } = standstill ?? {};
  return useMemo(() => {
    if (cause !== undefined && since !== undefined) return <StoreAway cause={cause} since={since} />;
    if (stopped === undefined || stoppedAt === undefined) return null;
    return <Standstill cause={stopped} since={stoppedAt} />;
  }, [cause, since, stopped, stoppedAt]);
};

/** The overview of the shown moment; asked for again and again while the connection is closed. */
const useOverview = (org: string, moment: string | null) => {
  useBoard(overviewBoard, org);
  const { connection } = useLiveStatus();
  return useQuery({
    ...overviewQuery(org, moment),
    refetchInterval: connection.state === "closed" ? pollIntervalMs : false,
  });
};

const Frame = () => {
  const { org } = organizationRoute.useParams();
  const session = useSession(org);
  const { title: page = "", hasPast = false } = useMatches().at(-1)?.staticData ?? {};
  const { at: moment = null, range } = organizationRoute.useSearch();
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const overview = useOverview(org, moment);
  const observedAt = overview.data?.observedAt ?? null;
  const rewound = useMemo(
    () => (moment === null ? null : momentOf(moment, observedAt, serverClock.now())),
    [moment, observedAt],
  );
  const shown = hasPast ? rewound : null;
  const choice = useSpanChoice(range);
  const onRewind = useCallback(() => setOpen(true), []);
  const bell = useMemo(() => <Bell organization={org} />, [org]);
  const notice = useNotice(overview.data, page, hasPast);
  const strip = useMemo(
    () =>
      moment !== null || (isOpen && hasPast) ? (
        <Suspense>
          <Scrubber
            organization={org}
            moment={moment}
            rewoundMs={rewound?.nowMs ?? null}
            isHere={hasPast}
            onClose={() => setOpen(false)}
            onMoment={(at, { replace }) => {
              if (at === null) setOpen(false);
              void navigate({ to: ".", search: (before) => ({ ...before, at: at ?? undefined }), replace });
            }}
          />
        </Suspense>
      ) : (
        notice
      ),
    [org, moment, rewound, isOpen, hasPast, navigate, notice],
  );
  return (
    <MomentProvider value={shown}>
      <HistorySpanProvider value={choice}>
        <Shell
          session={session}
          page={page}
          strip={strip}
          overview={overview.data}
          moment={shown === null ? null : new Date(shown.nowMs).toISOString()}
          onRewind={hasPast ? onRewind : null}
          bell={bell}
        >
          <Outlet />
        </Shell>
      </HistorySpanProvider>
    </MomentProvider>
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
      <Frame />
    </LiveProvider>
  );
};

const OrganizationError = ({ error, reset }: ErrorComponentProps) => {
  if (error instanceof ApiError && (error.code === "not_found" || error.code === "forbidden")) {
    return (
      <Problem title="Organization not found">
        You are not a member of this organization, or it does not exist.{" "}
        <a href={`${basePath}/`}>Go to your organization</a>
      </Problem>
    );
  }
  return (
    <Problem title="Cannot load the console">
      {error instanceof Error ? `${error.message}.` : ""} <Button onClick={reset}>Try again</Button>
    </Problem>
  );
};

export const organizationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/o/$org",
  // Links between pages keep the past moment and the time range of the charts.
  validateSearch: (
    raw: Record<string, unknown>,
  ): { at?: string | undefined; range?: string | undefined } => ({
    at: readTimestamp(raw, "at"),
    range: readHistorySpan(raw),
  }),
  search: { middlewares: [retainSearchParams(["at", "range"])] },
  beforeLoad: async ({ context, params, location }) => {
    if (isSignedOut()) throw redirect({ to: "/signin", search: { next: location.href } });
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
