import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  type CacheList,
  invalidateCache,
  listCaches,
  listRedisServers,
  previewInvalidation,
  readCacheOperation,
} from "@wheelhouse/shared/caches.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import { call } from "#lib/api.ts";
import { applyChanges, type Board } from "#lib/board.ts";
import { useLiveEvent, useLiveTopic } from "#lib/live-context.tsx";

export type CachesState = Board<CacheList["items"][number], Pick<CacheList, "trends">>;
export type What = { by: "key" | "pattern" | "tag"; value: string };

const serversIntervalMs = 2_000;
const operationIntervalMs = 500;

const fromList = ({ observedAt, intervalMs, items, trends }: CacheList, seq: number | null): CachesState => ({
  seq,
  observedAt,
  intervalMs,
  items,
  trends,
});

/** Named caches of one organization; the socket keeps the rows current, an answer now and then the trends. */
export const cachesQuery = (organization: string, moment: string | null = null) =>
  queryOptions({
    queryKey: ["caches", organization, "all", moment],
    queryFn: async ({ client, signal, queryKey }): Promise<CachesState> => {
      const list = await call(listCaches, { query: { at: moment ?? undefined } }, { organization, signal });
      if (moment !== null) return fromList(list, null);
      const live = client.getQueryData<CachesState>(queryKey);
      // The socket may have overtaken this answer.
      const isOlder = (live?.observedAt ?? "") > (list.observedAt ?? "");
      return live !== undefined && isOlder
        ? { ...live, trends: list.trends }
        : fromList(list, live?.seq ?? null);
    },
    staleTime: 10_000,
  });

/** Writes live messages into the list; a gap in their numbers asks for the whole. */
export const useCachesLive = (organization: string): void => {
  const client = useQueryClient();
  const { queryKey } = cachesQuery(organization);
  const { resubscribe } = useLiveTopic("caches");
  useLiveEvent("caches:snapshot", ({ seq, data }) => {
    client.setQueryData(queryKey, fromList(data, seq));
  });
  useLiveEvent("caches:changes", (changes) => {
    const state = client.getQueryData(queryKey);
    if (state === undefined) return;
    const next = applyChanges(state, changes);
    if (next === "gap") resubscribe();
    else client.setQueryData(queryKey, next);
  });
};

export const redisServersQuery = (organization: string, moment: string | null) =>
  queryOptions({
    queryKey: ["caches", organization, "servers", moment],
    queryFn: ({ signal }) =>
      call(listRedisServers, { query: { at: moment ?? undefined } }, { organization, signal }),
    staleTime: moment === null ? serversIntervalMs : Number.POSITIVE_INFINITY,
    refetchInterval: moment === null ? serversIntervalMs : false,
  });

/** Counts what an invalidation would remove; changes nothing. */
export const usePreview = (organization: string, id: string) =>
  useMutation({
    mutationFn: (what: What) => call(previewInvalidation, { params: { id }, query: what }, { organization }),
  });

export const useInvalidate = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: What & { count: number; reason: string }) =>
      call(invalidateCache, { params: { id }, body }, { organization }),
    onSuccess: (operation) =>
      client.setQueryData(["operations", organization, operation.operationId], operation),
  });
};

/** What became of an invalidation, asked again until every instance has answered or may not obey any more. */
export const operationQuery = (organization: string, first: Operation) =>
  queryOptions({
    queryKey: ["operations", organization, first.operationId],
    queryFn: ({ signal }) =>
      call(readCacheOperation, { params: { id: first.operationId } }, { organization, signal }),
    initialData: first,
    refetchInterval: ({ state }) => (state.data?.state === "accepted" ? operationIntervalMs : false),
  });
