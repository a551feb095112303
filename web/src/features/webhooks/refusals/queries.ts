import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { listRefusals } from "@wheelhouse/shared/webhooks/refusals.ts";
import { call } from "#lib/api/api.ts";
import type { WebhooksSearch } from "../search.ts";

/** The most rows that are shown; more are told apart by a filter. */
const rowsMax = 200;
const everyMs = 10_000;

/** Refused requests by source and reason, refreshed while they are shown. */
export const refusalsQuery = (
  organization: string,
  { source, reason, from, to }: Pick<WebhooksSearch, "source" | "reason" | "from" | "to">,
) => {
  const query = {
    limit: rowsMax,
    ...(source === undefined ? {} : { source: source.join(",") }),
    ...(reason === undefined ? {} : { reason: reason.join(",") }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  return queryOptions({
    queryKey: ["webhooks", organization, "refusals", query],
    queryFn: ({ signal }) => call(listRefusals, { query }, { organization, signal }),
    staleTime: everyMs / 2,
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
  });
};
