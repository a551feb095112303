import {
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { LaneChange } from "@wheelhouse/shared/runs.ts";
import {
  cancelReplay,
  listReplays,
  pauseReplay,
  planReplay,
  type ReplayDetail,
  type ReplayFilter,
  readReplay,
  replayTopic,
  resumeReplay,
  startReplay,
  steerReplay,
} from "@wheelhouse/shared/webhooks/replays.ts";
import { call } from "#lib/api/api.ts";
import { useLive, useLiveResync } from "#lib/live/live-context.tsx";

const pageSize = 50;
const planTimeoutMs = 30_000;
const key = (organization: string, ...rest: unknown[]) => ["replays", organization, ...rest] as const;

/** Started runs, newest first. */
export const replaysQuery = (organization: string) =>
  infiniteQueryOptions({
    queryKey: key(organization, "list"),
    queryFn: ({ pageParam, signal }) =>
      call(listReplays, { query: { limit: pageSize, cursor: pageParam } }, { organization, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    staleTime: 15_000,
  });

/** The latest runs, for the tab. */
export const replaysSummaryQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "newest"),
    queryFn: ({ signal }) => call(listReplays, { query: { limit: 10 } }, { organization, signal }),
    staleTime: 15_000,
    refetchInterval: 15_000,
  });

export const replayQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: key(organization, "run", id),
    queryFn: ({ signal }) => call(readReplay, { params: { id } }, { organization, signal }),
    staleTime: 5_000,
    // Polling continues beside live messages, because those need Redis and a run does not.
    refetchInterval: ({ state }) => (state.data?.state === "running" ? 5_000 : false),
  });

/** Creates one plan while the dialog is open; a second call would take another snapshot. */
export const replayPlanQuery = (organization: string, filter: ReplayFilter) =>
  queryOptions({
    queryKey: key(organization, "plan", filter),
    queryFn: () => call(planReplay, { body: filter }, { organization, timeoutMs: planTimeoutMs }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

const take = (client: QueryClient, organization: string, run: ReplayDetail) => {
  client.setQueryData(replayQuery(organization, run.id).queryKey, run);
  return Promise.all([
    client.invalidateQueries({ queryKey: key(organization, "list") }),
    client.invalidateQueries({ queryKey: key(organization, "newest") }),
  ]);
};

export const useStartReplay = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { planId: string; reason: string; ratePerSecond: number | null }) =>
      call(startReplay, { body }, { organization }),
    onSuccess: (run) => take(client, organization, run),
  });
};

const steering = { pause: pauseReplay, resume: resumeReplay, cancel: cancelReplay } as const;
export type Steering = keyof typeof steering;

/** Pauses, resumes or cancels a run. */
export const useSteerReplay = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: Steering): Promise<ReplayDetail> =>
      call(steering[act], { params: { id } }, { organization }),
    onSuccess: (run) => take(client, organization, run),
    // A conflict means that someone else or Wheelhouse changed the run, so show its current state.
    onError: () => client.invalidateQueries({ queryKey: replayQuery(organization, id).queryKey }),
  });
};

/** Pauses, resumes or leaves out one endpoint of a run, or gives it a rate of its own. */
export const useSteerEndpoint = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ endpointId, change }: { endpointId: string; change: LaneChange }): Promise<ReplayDetail> =>
      call(steerReplay, { params: { id, endpointId }, body: change }, { organization }),
    onSuccess: (run) => take(client, organization, run),
    onError: () => client.invalidateQueries({ queryKey: replayQuery(organization, id).queryKey }),
  });
};

/** Keeps runs current while the component is mounted, with one message per second at most. */
export const useLiveReplays = (organization: string) => {
  const client = useQueryClient();
  const reread = (ids?: readonly string[]) => {
    void client.invalidateQueries({ queryKey: key(organization, "list") });
    void client.invalidateQueries({ queryKey: key(organization, "newest") });
    if (ids === undefined) void client.invalidateQueries({ queryKey: key(organization, "run") });
    else
      for (const id of ids)
        void client.invalidateQueries({ queryKey: replayQuery(organization, id).queryKey });
  };
  useLiveResync(replayTopic, () => reread());
  useLive(replayTopic, ({ heads }) => reread(heads.map(({ id }) => id)));
};
