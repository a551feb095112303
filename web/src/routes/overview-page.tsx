import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { Suspense, useState } from "react";
import { OverviewPage } from "#features/overview/page.tsx";
import { overviewQuery } from "#features/overview/queries.ts";
import { sourcesQuery } from "#features/sources/queries.ts";
import { useCan } from "#lib/api/session.ts";
import { useMoment } from "#lib/live/moment.ts";
import { onDemand } from "#lib/on-demand.ts";

const route = getRouteApi("/o/$org/overview");

const FirstRunPage = onDemand(async () => ({
  default: (await import("#features/first-run/page.tsx")).FirstRunPage,
}));

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

/** The overview, or the first run while the organization watches nothing of its own. */
export const Home = () => {
  const { org } = route.useParams();
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
