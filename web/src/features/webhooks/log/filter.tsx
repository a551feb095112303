import { useQuery } from "@tanstack/react-query";
import { type Delivery, deliveryStatuses, errorClasses } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { rangeName } from "#lib/history/time-range.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import type { FilterKey } from "#ui/filter/filter-tokens.ts";
import { RangePicker } from "#ui/filter/range-picker.tsx";
import { errorWords, statusWords } from "../deliveries/deliveries.ts";
import { endpointsQuery } from "../queries.ts";
import type { WebhooksSearch } from "../search.ts";
import { readFilterTokens } from "./tokens.ts";

/** Filter bar of the log; `rows` supply the event types to suggest. */
export const DeliveriesFilter = (props: {
  organization: string;
  address: PageAddress<WebhooksSearch>;
  rows: readonly Delivery[];
  nowMs: number;
}) => {
  const { organization, address, rows, nowMs } = props;
  const { search } = address;
  const { zone } = usePreferences();
  const endpoints = useQuery(endpointsQuery(organization)).data?.items ?? [];
  const eventTypes = [...new Set([...rows.map((row) => row.eventType), ...(search.eventType ?? [])])].sort();
  const keys: FilterKey[] = [
    { key: "status", values: deliveryStatuses.map((value) => ({ value, label: statusWords[value] })) },
    { key: "endpoint", values: endpoints.map(({ id, name }) => ({ value: id, label: name })) },
    { key: "event", values: eventTypes.map((value) => ({ value })) },
    { key: "error", values: errorClasses.map((value) => ({ value, label: errorWords[value] })) },
    { key: "received" },
  ];
  const range = search.from === undefined && search.to === undefined ? [] : [rangeName(search, nowMs, zone)];
  const token = (key: string, values: readonly string[] | undefined) =>
    values === undefined || values.length === 0 ? [] : [{ key, value: values.join(",") }];
  return (
    <>
      <FilterBar
        label="Filter deliveries"
        keys={keys}
        filter={{
          tokens: [
            ...token("status", search.status),
            ...token("endpoint", search.endpointId),
            ...token("event", search.eventType),
            ...token("error", search.errorClass),
            ...token("received", range),
          ],
          text: search.q ?? "",
        }}
        onChange={(filter) => address.go(readFilterTokens(filter, search, { nowMs, zone }))}
      />
      <RangePicker
        range={search}
        nowMs={nowMs}
        zone={zone}
        onChange={({ from, to }) => address.go({ ...search, from, to })}
      />
    </>
  );
};
