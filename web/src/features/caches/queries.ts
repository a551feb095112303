import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  cacheTopic,
  invalidateCache,
  listCaches,
  listRedisServers,
  previewInvalidation,
  readCacheOperation,
} from "@wheelhouse/shared/caches/caches.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import { call } from "#lib/api/api.ts";
import { boardQuery, listBoard } from "#lib/live/live-board.ts";

export type What = { by: "key" | "pattern" | "tag"; value: string };

const serversIntervalMs = 2_000;
const operationIntervalMs = 500;

export const cachesBoard = listBoard({
  topic: cacheTopic,
  key: "caches",
  read: (at, options) => call(listCaches, { query: { at } }, options),
});

/** Named caches of one organization; the socket keeps the rows current, periodic answers the trends. */
export const cachesQuery = (organization: string, moment: string | null = null) =>
  boardQuery(cachesBoard, organization, moment);

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

/** Result of an invalidation, polled until every instance has answered or the command has timed out. */
export const operationQuery = (organization: string, first: Operation) =>
  queryOptions({
    queryKey: ["operations", organization, first.operationId],
    queryFn: ({ signal }) =>
      call(readCacheOperation, { params: { id: first.operationId } }, { organization, signal }),
    initialData: first,
    refetchInterval: ({ state }) => (state.data?.state === "accepted" ? operationIntervalMs : false),
  });
