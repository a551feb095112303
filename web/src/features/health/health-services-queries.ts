import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import {
  checkService,
  type HealthList,
  readHealth,
  readService,
  type ServiceRow,
} from "@wheelhouse/shared/health.ts";
import { createMaintenance, endMaintenance } from "@wheelhouse/shared/maintenance.ts";
import { call } from "#lib/api.ts";
import { applyChanges, type Board } from "#lib/board.ts";
import { useLiveEvent, useLiveTopic } from "#lib/live-context.tsx";

const detailIntervalMs = 5_000;

type ServicesState = Board<ServiceRow, { intervalMs: number }>;

const fromList = (list: HealthList, seq: number | null): ServicesState => ({
  seq,
  observedAt: list.observedAt,
  intervalMs: list.intervalMs,
  items: list.items,
});

/** All watched services and servers of one organization; the socket keeps the rows current. */
export const servicesQuery = (organization: string, moment: string | null = null) =>
  queryOptions({
    queryKey: ["services", organization, "all", moment],
    queryFn: async ({ client, signal }): Promise<ServicesState> => {
      const list = await call(readHealth, { query: { at: moment ?? undefined } }, { organization, signal });
      if (moment !== null) return fromList(list, null);
      const live = client.getQueryData<ServicesState>(["services", organization, "all", null]);
      // The socket may have overtaken this answer.
      const isOlder = (live?.observedAt ?? "") > (list.observedAt ?? "");
      return live !== undefined && isOlder ? live : fromList(list, live?.seq ?? null);
    },
    staleTime: 10_000,
  });

/** One service with what its instances told, latency, changes and planned work. */
export const serviceQuery = (organization: string, id: string, moment: string | null) =>
  queryOptions({
    queryKey: ["services", organization, id, moment],
    queryFn: ({ signal }) =>
      call(readService, { params: { id }, query: { at: moment ?? undefined } }, { organization, signal }),
    staleTime: moment === null ? detailIntervalMs : Number.POSITIVE_INFINITY,
    refetchInterval: moment === null ? detailIntervalMs : false,
  });

/** Writes live messages into the cache while the tab is shown; a gap in their numbers asks for the whole. */
export const useServicesLive = (organization: string): void => {
  const client = useQueryClient();
  const { queryKey } = servicesQuery(organization);
  const { resubscribe } = useLiveTopic("health");
  useLiveEvent("health:snapshot", ({ seq, data }) => {
    client.setQueryData(queryKey, fromList(data, seq));
  });
  useLiveEvent("health:changes", (changes) => {
    const state = client.getQueryData(queryKey);
    if (state === undefined) return;
    const next = applyChanges(state, changes);
    if (next === "gap") resubscribe();
    else client.setQueryData(queryKey, next);
  });
};

export const useCheckService = (organization: string) =>
  useMutation({ mutationFn: (id: string) => call(checkService, { params: { id } }, { organization }) });

const useInvalidateServices = (organization: string) => {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ["services", organization] });
};

export const useCreateMaintenance = (organization: string) =>
  useMutation({
    mutationFn: (body: EndpointInput<typeof createMaintenance>["body"]) =>
      call(createMaintenance, { body }, { organization }),
    onSuccess: useInvalidateServices(organization),
  });

export const useEndMaintenance = (organization: string) =>
  useMutation({
    mutationFn: (id: string) => call(endMaintenance, { params: { id } }, { organization }),
    onSuccess: useInvalidateServices(organization),
  });
