import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { listBreakers } from "@wheelhouse/shared/breakers.ts";
import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import { checkService, readHealth, readService, serviceTopic } from "@wheelhouse/shared/health/health.ts";
import { createMaintenance, endMaintenance } from "@wheelhouse/shared/health/maintenance.ts";
import { call } from "#lib/api/api.ts";
import { boardQuery, listBoard } from "#lib/live/live-board.ts";

const detailIntervalMs = 5_000;

export const servicesBoard = listBoard({
  topic: serviceTopic,
  key: "services",
  read: (at, options) => call(readHealth, { query: { at } }, options),
});

/** All watched services and servers of one organization. */
export const servicesQuery = (organization: string, moment: string | null = null) =>
  boardQuery(servicesBoard, organization, moment);

/** One service with the reports of its instances, latency, changes and planned maintenance. */
export const serviceQuery = (organization: string, id: string, moment: string | null) =>
  queryOptions({
    queryKey: ["services", organization, id, moment],
    queryFn: ({ signal }) =>
      call(readService, { params: { id }, query: { at: moment ?? undefined } }, { organization, signal }),
    staleTime: moment === null ? detailIntervalMs : Number.POSITIVE_INFINITY,
    refetchInterval: moment === null ? detailIntervalMs : false,
  });

const callsIntervalMs = 5_000;
/** Key of a call between two services. */
export const callKey = (from: string, to: string): string => JSON.stringify([from, to]);

/**
 * Calls per minute between services, as far as breakers report them: one that is named as a service guards the
 * calls to it.
 */
export const callRatesQuery = (organization: string, moment: string | null) =>
  queryOptions({
    queryKey: ["services", organization, "calls", moment],
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, number>> => {
      const query = { at: moment ?? undefined };
      const { items } = await call(listBreakers, { query }, { organization, signal });
      const rates = new Map<string, number>();
      for (const { service, name, callsPerMinute } of items) {
        if (callsPerMinute === null) continue;
        const key = callKey(service, name);
        rates.set(key, (rates.get(key) ?? 0) + callsPerMinute);
      }
      return rates;
    },
    staleTime: moment === null ? callsIntervalMs : Number.POSITIVE_INFINITY,
    refetchInterval: moment === null ? callsIntervalMs : false,
  });

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
