import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  cancelDelivery,
  discardDeliveries,
  listDeadLetterGroups,
  retryDelivery,
} from "@wheelhouse/shared/webhooks/dead-letters.ts";
import type { ReplayFilter } from "@wheelhouse/shared/webhooks/replays.ts";
import { call } from "#lib/api/api.ts";
import { type DeliveryFilter, deliveryQuery } from "../deliveries/deliveries.ts";

const everyMs = 10_000;

/** Dead letters by endpoint, error and type; the status and a text do not narrow them. */
export const deadLetterGroupsQuery = (
  organization: string,
  { status: _status, q: _q, ...filter }: DeliveryFilter,
) =>
  queryOptions({
    queryKey: ["webhooks", organization, "groups", deliveryQuery(filter)],
    queryFn: ({ signal }) =>
      call(listDeadLetterGroups, { query: deliveryQuery(filter) }, { organization, signal }),
    staleTime: everyMs,
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
  });

/** What has been acted on is read again, also after a conflict, which says what happened instead. */
const useReread = (organization: string) => {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ["webhooks", organization] });
};

export const useDiscard = (organization: string) => {
  const onSettled = useReread(organization);
  return useMutation({
    mutationFn: (body: { filter: ReplayFilter; reason: string; expected: number }) =>
      call(discardDeliveries, { body }, { organization }),
    onSettled,
  });
};

export const useCancelRetries = (organization: string) => {
  const onSettled = useReread(organization);
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      call(cancelDelivery, { params: { id }, body: { reason } }, { organization }),
    onSettled,
  });
};

export const useRetryNow = (organization: string) => {
  const onSettled = useReread(organization);
  return useMutation({
    mutationFn: (id: string) => call(retryDelivery, { params: { id } }, { organization }),
    onSettled,
  });
};
