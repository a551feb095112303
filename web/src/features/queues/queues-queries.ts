import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { listQueues, readQueue } from "@wheelhouse/shared/queues.ts";
import { call } from "#lib/api.ts";
import { useLiveEvent, useLiveTopic } from "#lib/live-context.tsx";
import { applyChanges, fromList, type QueuesState } from "./queues-live.ts";

const detailIntervalMs = 10_000;

/** All queues of one organization; the socket keeps the rows of now current, an answer now and then the workers. */
export const queuesQuery = (organization: string, moment: string | null = null) =>
  queryOptions({
    queryKey: ["queues", organization, "all", moment],
    queryFn: async ({ client, signal, queryKey }): Promise<QueuesState> => {
      const list = await call(listQueues, { query: { at: moment ?? undefined } }, { organization, signal });
      if (moment !== null) return fromList(list, null);
      const live = client.getQueryData<QueuesState>(queryKey);
      // The socket may have overtaken this answer.
      const isOlder = (live?.observedAt ?? "") > (list.observedAt ?? "");
      return live !== undefined && isOlder
        ? { ...live, workers: list.workers }
        : fromList(list, live?.seq ?? null, live);
    },
    staleTime: moment === null ? 10_000 : Number.POSITIVE_INFINITY,
  });

/** One queue with its trends. */
export const queueQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["queues", organization, id],
    queryFn: ({ signal }) => call(readQueue, { params: { id } }, { organization, signal }),
    staleTime: detailIntervalMs,
    refetchInterval: detailIntervalMs,
  });

/** Writes live messages into the cache while the tab is shown; a gap in their numbers asks for the whole. */
export const useQueuesLive = (organization: string): void => {
  const client = useQueryClient();
  const { queryKey } = queuesQuery(organization);
  const { resubscribe } = useLiveTopic("queues");
  useLiveEvent("queues:snapshot", ({ seq, data }) => {
    client.setQueryData(queryKey, (before) => fromList(data, seq, before));
  });
  useLiveEvent("queues:changes", (changes) => {
    const state = client.getQueryData(queryKey);
    if (state === undefined) return;
    const next = applyChanges(state, changes);
    if (next === "gap") resubscribe();
    else client.setQueryData(queryKey, next);
  });
};
