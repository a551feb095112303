import {
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import {
  cancelJobRun,
  type JobRunDetail,
  type JobRunFilter,
  jobRunTopic,
  listJobRuns,
  pauseJobRun,
  planJobRun,
  readJobRun,
  resumeJobRun,
  startJobRun,
  steerJobRun,
} from "@wheelhouse/shared/queues/runs.ts";
import type { LaneChange } from "@wheelhouse/shared/runs.ts";
import { call } from "#lib/api/api.ts";
import { useLive, useLiveResync } from "#lib/live/live-context.tsx";

const pageSize = 50;
const planTimeoutMs = 30_000;
const key = (organization: string, ...rest: unknown[]) => ["job-runs", organization, ...rest] as const;

/** Started runs on jobs, newest first; of one queue, or of all. */
export const jobRunsQuery = (organization: string, queue: string | undefined) =>
  infiniteQueryOptions({
    queryKey: key(organization, "list", queue ?? ""),
    queryFn: ({ pageParam, signal }) =>
      call(listJobRuns, { query: { queue, limit: pageSize, cursor: pageParam } }, { organization, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    staleTime: 15_000,
  });

export const jobRunQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: key(organization, "run", id),
    queryFn: ({ signal }) => call(readJobRun, { params: { id } }, { organization, signal }),
    staleTime: 5_000,
    // Polling continues beside live messages, because those need Redis and a run does not.
    refetchInterval: ({ state }) => (state.data?.state === "running" ? 5_000 : false),
  });

/** Creates one plan while the dialog is open; a second call would take another snapshot. */
export const jobRunPlanQuery = (organization: string, filter: JobRunFilter) =>
  queryOptions({
    queryKey: key(organization, "plan", filter),
    queryFn: () => call(planJobRun, { body: filter }, { organization, timeoutMs: planTimeoutMs }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

const take = (client: QueryClient, organization: string, run: JobRunDetail) => {
  client.setQueryData(jobRunQuery(organization, run.id).queryKey, run);
  return client.invalidateQueries({ queryKey: key(organization, "list") });
};

type Start = { planId: string; reason: string; ratePerSecond: number | null; canary?: number | undefined };

export const useStartJobRun = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Start) => call(startJobRun, { body }, { organization }),
    onSuccess: (run) => take(client, organization, run),
  });
};

const steering = { pause: pauseJobRun, resume: resumeJobRun, cancel: cancelJobRun } as const;
export type Steering = keyof typeof steering;

/** Pauses, resumes or cancels a run. */
export const useSteerJobRun = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: Steering): Promise<JobRunDetail> =>
      call(steering[act], { params: { id } }, { organization }),
    onSuccess: (run) => take(client, organization, run),
    // A conflict means that someone else or Wheelhouse changed the run, so show its current state.
    onError: () => client.invalidateQueries({ queryKey: jobRunQuery(organization, id).queryKey }),
  });
};

/** Pauses, resumes or leaves out one cause of a run, or gives it a rate of its own. */
export const useSteerCause = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ laneId, change }: { laneId: string; change: LaneChange }): Promise<JobRunDetail> =>
      call(steerJobRun, { params: { id, laneId }, body: change }, { organization }),
    onSuccess: (run) => take(client, organization, run),
    onError: () => client.invalidateQueries({ queryKey: jobRunQuery(organization, id).queryKey }),
  });
};

/** Keeps runs current while the component is mounted, with one message per second at most. */
export const useLiveJobRuns = (organization: string) => {
  const client = useQueryClient();
  const reread = (ids?: readonly string[]) => {
    void client.invalidateQueries({ queryKey: key(organization, "list") });
    if (ids === undefined) void client.invalidateQueries({ queryKey: key(organization, "run") });
    else
      for (const id of ids)
        void client.invalidateQueries({ queryKey: jobRunQuery(organization, id).queryKey });
  };
  useLiveResync(jobRunTopic, () => reread());
  useLive(jobRunTopic, ({ heads }) => reread(heads.map(({ id }) => id)));
};
