import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  type CacheRemoval,
  cancelRemoval,
  listDeclaredCaches,
  previewRemoval,
  type RemovalBy,
  readRemoval,
  startRemoval,
} from "@wheelhouse/shared/caches/removals.ts";
import { call } from "#lib/api/api.ts";

export type RemovalWhat = { by: RemovalBy; value: string };

const listIntervalMs = 10_000;
const progressIntervalMs = 500;

/** Caches declared in wheelhouse.yaml; polled more often while a removal runs. */
export const declaredCachesQuery = (organization: string) =>
  queryOptions({
    queryKey: ["caches", organization, "declared"],
    queryFn: ({ signal }) => call(listDeclaredCaches, {}, { organization, signal }),
    staleTime: listIntervalMs,
    refetchInterval: ({ state }) =>
      state.data?.items.some(({ lastRemoval }) => lastRemoval?.state === "running")
        ? progressIntervalMs
        : listIntervalMs,
  });

/** Counts what a removal would delete; changes nothing. */
export const useRemovalPreview = (organization: string, id: string) =>
  useMutation({
    mutationFn: (what: RemovalWhat) =>
      call(previewRemoval, { params: { id }, query: what }, { organization }),
  });

export const useStartRemoval = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: RemovalWhat & { count: number | null; reason: string }) =>
      call(startRemoval, { params: { id }, body }, { organization }),
    onSettled: () => client.invalidateQueries(declaredCachesQuery(organization)),
  });
};

export const removalQuery = (organization: string, first: CacheRemoval) =>
  queryOptions({
    queryKey: ["caches", organization, "removal", first.id],
    queryFn: ({ signal }) => call(readRemoval, { params: { id: first.id } }, { organization, signal }),
    initialData: first,
    refetchInterval: ({ state }) => (state.data?.state === "running" ? progressIntervalMs : false),
  });

export const useCancelRemoval = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call(cancelRemoval, { params: { id } }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: ["caches", organization] }),
  });
};
