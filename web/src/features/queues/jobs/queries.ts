import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import {
  addJob,
  cleanQueue,
  copyJob,
  delayJobs,
  drainQueue,
  limitQueue,
  moveJobs,
  obliterateQueue,
  pauseQueue,
  prioritizeJobs,
  promoteJobs,
  type QueueOperation,
  readQueueOperation,
  removeJobs,
  resumeQueue,
  retryJobs,
} from "@wheelhouse/shared/queues/job-acts.ts";
import {
  type JobState,
  listJobs,
  readJob,
  readJobLogs,
  readJobPayload,
} from "@wheelhouse/shared/queues/jobs.ts";
import { ApiError, call } from "#lib/api/api.ts";

const listEveryMs = 5_000;
const activeEveryMs = 2_000;
const pageSize = 50;

/** A page that people look at is read again every 5 s; further pages only on demand. */
export const jobsQuery = (
  organization: string,
  queue: string,
  { state, order }: { state: JobState; order: "newest" | "oldest" },
) =>
  infiniteQueryOptions({
    queryKey: ["jobs", organization, queue, "list", state, order],
    queryFn: ({ pageParam, signal }) =>
      call(
        listJobs,
        { params: { id: queue }, query: { state, order, cursor: pageParam, limit: pageSize } },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: ({ state: { data } }) => ((data?.pages.length ?? 1) > 2 ? false : listEveryMs),
    retry: false,
  });

const isGone = (error: unknown) => error instanceof ApiError && error.code === "not_found";

/** One job; read often while it may change. */
export const jobQuery = (organization: string, queue: string, jobId: string) =>
  queryOptions({
    queryKey: ["jobs", organization, queue, "job", jobId],
    queryFn: ({ signal }) => call(readJob, { params: { id: queue, jobId } }, { organization, signal }),
    refetchInterval: ({ state: { data, error } }) => {
      if (isGone(error)) return false;
      return data?.state === "active" ? activeEveryMs : listEveryMs;
    },
    retry: false,
  });

export const payloadQuery = (organization: string, queue: string, jobId: string) =>
  queryOptions({
    queryKey: ["jobs", organization, queue, "payload", jobId],
    queryFn: ({ signal }) => call(readJobPayload, { params: { id: queue, jobId } }, { organization, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
  });

/** Lines newest first, read along with an active job. */
export const logsQuery = (organization: string, queue: string, jobId: string, isLive: boolean) =>
  infiniteQueryOptions({
    queryKey: ["jobs", organization, queue, "logs", jobId],
    queryFn: ({ pageParam, signal }) =>
      call(
        readJobLogs,
        { params: { id: queue, jobId }, query: { cursor: pageParam, limit: pageSize } },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: isLive ? activeEveryMs : false,
    retry: false,
  });

const acts = {
  retry: retryJobs,
  promote: promoteJobs,
  remove: removeJobs,
  move: moveJobs,
  delay: delayJobs,
  priority: prioritizeJobs,
  copy: copyJob,
  add: addJob,
  pause: pauseQueue,
  resume: resumeQueue,
  drain: drainQueue,
  clean: cleanQueue,
  obliterate: obliterateQueue,
  limits: limitQueue,
} as const;
export type ActName = keyof typeof acts;
type BodyOf<A extends ActName> = EndpointInput<(typeof acts)[A]>["body"];

/** Sends one act; lists and details are read again once it has an answer. */
export const useAct = <A extends ActName>(organization: string, queue: string, act: A) => {
  const client = useQueryClient();
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: (body: unknown): Promise<QueueOperation> =>
      call(acts[act], { params: { id: queue }, body } as EndpointInput<(typeof acts)[A]>, { organization }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["jobs", organization] });
      void client.invalidateQueries({ queryKey: ["queues", organization] });
    },
  });
  return {
    data,
    error,
    isPending,
    mutate: (body: BodyOf<A>, { onSuccess }: { onSuccess: (answer: QueueOperation) => void }) =>
      mutate(body, { onSuccess }),
  };
};
export type ActBody<A extends ActName> = BodyOf<A>;

/** The operation as it is now, read until it has ended. */
export const useOperation = (
  organization: string,
  started: QueueOperation | undefined,
): QueueOperation | undefined => {
  const { data } = useQuery({
    queryKey: ["jobs", organization, "operation", started?.operationId],
    queryFn: ({ signal }) =>
      call(
        readQueueOperation,
        { params: { id: started?.queue ?? "", operationId: started?.operationId ?? "" } },
        { organization, signal },
      ),
    enabled: started?.state === "accepted",
    refetchInterval: ({ state }) => (state.data && state.data.state !== "accepted" ? false : 1_000),
  });
  return data ?? started;
};
