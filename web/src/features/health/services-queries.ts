import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
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
