import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import {
  createSource,
  deleteSource,
  listSources,
  rotateSource,
  updateSource,
} from "@wheelhouse/shared/webhooks/senders.ts";
import {
  createEndpoint,
  type Delivery,
  type DeliveryDetail,
  deleteEndpoint,
  listDeliveries,
  listEndpoints,
  readDelivery,
  replayDelivery,
  summarizeDeliveries,
  updateEndpoint,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import { call } from "#lib/api/api.ts";
import type { TailPage } from "#lib/live/tail.ts";
import { type DeliveryFilter, deliveryQuery } from "./deliveries/deliveries.ts";

export type DeliveryPages = InfiniteData<TailPage<Delivery>, string | undefined>;

const pageSize = 50;
const histogramBars = 96;
const key = (organization: string, ...rest: unknown[]) => ["webhooks", organization, ...rest] as const;

/** The filtered log, newest first, page by page into the past. */
export const deliveriesQuery = (organization: string, filter: DeliveryFilter) =>
  infiniteQueryOptions({
    queryKey: key(organization, "deliveries", deliveryQuery(filter)),
    queryFn: ({ pageParam, signal }): Promise<TailPage<Delivery>> =>
      call(
        listDeliveries,
        { query: { ...deliveryQuery(filter), limit: pageSize, cursor: pageParam } },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    // Live heads keep it current; missed rows are fetched when a reader resumes.
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

/** Counts by status and the histogram of a filter and range. */
export const deliverySummaryQuery = (organization: string, filter: DeliveryFilter) =>
  queryOptions({
    queryKey: key(organization, "summary", deliveryQuery(filter)),
    queryFn: ({ signal }) =>
      call(
        summarizeDeliveries,
        { query: { ...deliveryQuery(filter), bars: histogramBars } },
        { organization, signal },
      ),
    staleTime: 10_000,
    placeholderData: keepPreviousData,
  });

export const deliveryDetailQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: key(organization, "delivery", id),
    queryFn: ({ signal }) => call(readDelivery, { params: { id } }, { organization, signal }),
    staleTime: 5000,
  });

const everyPage = { limit: 200 };

export const endpointsQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "endpoints"),
    queryFn: ({ signal }) => call(listEndpoints, { query: everyPage }, { organization, signal }),
    staleTime: 15_000,
  });

/** Reads what is shown of endpoints again: the list and the one that is open. */
const rereadEndpoints = (client: QueryClient, organization: string) =>
  Promise.all([
    client.invalidateQueries({ queryKey: key(organization, "endpoints") }),
    client.invalidateQueries({ queryKey: key(organization, "endpoint") }),
  ]);

export const sourcesQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "sources"),
    queryFn: ({ signal }) => call(listSources, { query: everyPage }, { organization, signal }),
    staleTime: 15_000,
  });

/** Updates one delivery in every list that shows it. */
const patchDelivery = (client: QueryClient, organization: string, row: Delivery): void => {
  client.setQueriesData<DeliveryPages>({ queryKey: key(organization, "deliveries") }, (data) =>
    data?.pages.some((page) => page.items.some((item) => item.id === row.id)) === true
      ? {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            items: page.items.map((item) => (item.id === row.id ? row : item)),
          })),
        }
      : data,
  );
};

/** Replays one dead letter. Row and drawer follow the server's answer. */
export const useReplay = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reason, version }: { id: string; reason: string; version: number }) =>
      call(replayDelivery, { params: { id }, body: { reason, version } }, { organization }),
    onSuccess: ({ version, ...row }) => {
      patchDelivery(client, organization, row);
      client.setQueryData<DeliveryDetail>(deliveryDetailQuery(organization, row.id).queryKey, (detail) =>
        detail === undefined ? detail : { ...detail, ...row, version },
      );
    },
    // Also after a conflict, so that the reader sees what someone else has changed.
    onSettled: (_data, _error, { id }) =>
      Promise.all([
        client.invalidateQueries({ queryKey: deliveryDetailQuery(organization, id).queryKey }),
        client.invalidateQueries({ queryKey: key(organization, "summary") }),
      ]),
  });
};

export type NewEndpoint = Parameters<typeof createEndpointCall>[1];
const createEndpointCall = (
  organization: string,
  body: { slug: string; name: string; url: string; eventTypes: string[]; secret?: string },
) => call(createEndpoint, { body }, { organization });

export const useCreateEndpoint = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewEndpoint) => createEndpointCall(organization, body),
    onSuccess: () => client.invalidateQueries({ queryKey: endpointsQuery(organization).queryKey }),
  });
};

/** Enables or disables a receiver. */
export const useEnableEndpoint = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, version, enabled }: { id: string; version: number; enabled: boolean }) =>
      call(updateEndpoint, { params: { id }, body: { version, enabled } }, { organization }),
    onSettled: () => rereadEndpoints(client, organization),
  });
};

export const useDeleteEndpoint = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: { id: string }) => call(deleteEndpoint, { params: { id } }, { organization }),
    // Not the one that is open, because it is gone.
    onSettled: () => client.invalidateQueries({ queryKey: endpointsQuery(organization).queryKey }),
  });
};

type NewSource = EndpointInput<typeof createSource>["body"];
type SourceChange = EndpointInput<typeof updateSource>["body"];
type SourceRotation = EndpointInput<typeof rotateSource>["body"];

export const useCreateSource = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewSource) => call(createSource, { body }, { organization }),
    onSuccess: () => client.invalidateQueries({ queryKey: sourcesQuery(organization).queryKey }),
  });
};

export const useUpdateSource = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }: SourceChange & { id: string }) =>
      call(updateSource, { params: { id }, body }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: sourcesQuery(organization).queryKey }),
  });
};

/** Gives a source a new secret; the answer shows it once. */
export const useRotateSource = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }: SourceRotation & { id: string }) =>
      call(rotateSource, { params: { id }, body }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: sourcesQuery(organization).queryKey }),
  });
};

export const useDeleteSource = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: { id: string }) => call(deleteSource, { params: { id } }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: sourcesQuery(organization).queryKey }),
  });
};
