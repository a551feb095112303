import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { type CacheList, listCaches, listRedisServers } from "@wheelhouse/shared/caches.ts";
import { call } from "#lib/api.ts";
import { applyChanges, type Board } from "#lib/board.ts";
import { useLiveEvent, useLiveTopic } from "#lib/live-context.tsx";

export type CachesState = Board<CacheList["items"][number], Pick<CacheList, "trends">>;

const serversIntervalMs = 2_000;

const fromList = ({ observedAt, intervalMs, items, trends }: CacheList, seq: number | null): CachesState => ({
  ...{ seq, observedAt, intervalMs, items, trends },
});

/** Named caches of one organization; the socket keeps the rows current, an answer now and then the trends. */
export const cachesQuery = (organization: string) =>
  queryOptions({
    queryKey: ["caches", organization],
    queryFn: async ({ client, signal }): Promise<CachesState> => {
      const list = await call(listCaches, {}, { organization, signal });
      const live = client.getQueryData<CachesState>(["caches", organization]);
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

export const redisServersQuery = (organization: string) =>
  queryOptions({
    queryKey: ["caches", organization, "servers"],
    queryFn: ({ signal }) => call(listRedisServers, {}, { organization, signal }),
    staleTime: serversIntervalMs,
    refetchInterval: serversIntervalMs,
  });
