import { queryOptions } from "@tanstack/react-query";
import {
  type DeliveryView,
  listDeliveryViews,
  type StoredDeliveryFilter,
} from "@wheelhouse/shared/webhooks/views.ts";
import { call } from "#lib/api/api.ts";
import type { WebhooksSearch } from "../search.ts";

/** The caller's saved filters of the log. */
export const deliveryViewsQuery = (organization: string) =>
  queryOptions({
    queryKey: ["webhooks", organization, "views"],
    queryFn: ({ signal }) => call(listDeliveryViews, {}, { organization, signal }),
    staleTime: 60_000,
  });

/** The part of the URL that a view keeps. */
export const storedFilterOf = (search: WebhooksSearch): StoredDeliveryFilter => {
  const { status, endpointId, eventType, errorClass, q } = search;
  return {
    ...(status === undefined ? {} : { status }),
    ...(endpointId === undefined ? {} : { endpointId }),
    ...(eventType === undefined ? {} : { eventType }),
    ...(errorClass === undefined ? {} : { errorClass }),
    ...(q === undefined ? {} : { q }),
  };
};

const told = ({ status, endpointId, eventType, errorClass, q }: StoredDeliveryFilter): string =>
  JSON.stringify(
    [status, endpointId, eventType, errorClass].map((list) => [...(list ?? [])].sort()).concat([[q ?? ""]]),
  );

/** The view whose filter is the one that is set. */
export const shownView = (
  views: readonly DeliveryView[],
  search: WebhooksSearch,
): DeliveryView | undefined => {
  const set = told(storedFilterOf(search));
  return views.find(({ filter }) => told(filter) === set);
};
