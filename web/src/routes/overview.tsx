import { useQuery } from "@tanstack/react-query";
import { createRoute, redirect } from "@tanstack/react-router";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { lazy, Suspense, useState } from "react";
// Part of the first script: whoever signs in lands here, and a page that came later would move what is around it.
import { OverviewPage } from "#features/overview/page.tsx";
import { overviewQuery } from "#features/overview/queries.ts";
import { sourcesQuery } from "#features/sources/queries.ts";
import { useCan } from "#lib/api/session.ts";
import { useMoment } from "#lib/live/moment.ts";
import { organizationRoute } from "./organization.tsx";

const FirstRunPage = lazy(() =>
  import("#features/first-run/page.tsx").then(({ FirstRunPage: component }) => ({ default: component })),
);

/** Wheelhouse's own servers have no address here. */
const isOwn = ({ kind, target }: WatchedSource) =>
  (kind === "redis" || kind === "postgres") && target === null;

const ownServers = ["primary", "postgres"];

/** The overview shows nothing that people added, so asking for the organization's sources is worth a call. */
const isBare = ({ sources, tiles }: Overview) =>
  (tiles.webhooks.endpoints ?? 0) === 0 && sources.every(({ id }) => ownServers.includes(id));

/** Whether the organization watches nothing but Wheelhouse's own servers; undefined until that is known. */
const useIsEmpty = (organization: string): boolean | undefined => {
  const isLive = useMoment() === null;
  const maySee = useCan(organization, "sources:read");
  const overview = useQuery(overviewQuery(organization)).data;
  const isAsked = isLive && maySee && overview !== undefined && isBare(overview);
  const sources = useQuery({ ...sourcesQuery(organization), enabled: isAsked });
  if (!isAsked || sources.isError) return false;
  return sources.data?.items.every(isOwn);
};

const Home = () => {
  const { org } = organizationRoute.useParams();
  const isEmpty = useIsEmpty(org);
  const [isSkipped, setSkipped] = useState(false);
  return (
    <Suspense>
      {isEmpty === true && !isSkipped ? (
        <FirstRunPage organization={org} onSkip={() => setSkipped(true)} />
      ) : isEmpty === undefined ? null : (
        <OverviewPage />
      )}
    </Suspense>
  );
};

export const overviewRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: organizationPages.overview.path,
  staticData: organizationPages.overview,
  component: Home,
});

/** `/o/acme` is the overview of acme. */
export const organizationIndexRoute = createRoute({
  getParentRoute: () => organizationRoute,
  path: "/",
  beforeLoad: ({ params, search }) => {
    throw redirect({ to: "/o/$org/overview", params, search, replace: true });
  },
});
