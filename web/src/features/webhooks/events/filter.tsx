import { useQuery } from "@tanstack/react-query";
import { eventFates, type WebhookEvent } from "@wheelhouse/shared/webhooks/events.ts";
import { rangeName, readRangeToken } from "#lib/history/time-range.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { sourcesQuery } from "../queries.ts";
import { readWebhooksSearch, type WebhooksSearch } from "../search.ts";
import { fateWords } from "./view.ts";

/** Filter bar of the events; `rows` supply the types to suggest. Text is an exact id: ours, or the sender's. */
export const EventsFilter = (props: {
  organization: string;
  address: PageAddress<WebhooksSearch>;
  rows: readonly WebhookEvent[];
  nowMs: number;
}) => {
  const { organization, address, rows, nowMs } = props;
  const { search } = address;
  const { zone } = usePreferences();
  const sources = useQuery(sourcesQuery(organization)).data?.items ?? [];
  const types = [...new Set([...rows.map((row) => row.eventType), ...(search.eventType ?? [])])].sort();
  const range = search.from === undefined && search.to === undefined ? [] : [rangeName(search, nowMs, zone)];
  const token = (key: string, values: readonly string[] | undefined) =>
    values === undefined || values.length === 0 ? [] : [{ key, value: values.join(",") }];
  return (
    <FilterBar
      label="Filter events"
      keys={[
        { key: "source", values: sources.map(({ id, name }) => ({ value: id, label: name })) },
        { key: "type", values: types.map((value) => ({ value })) },
        { key: "matched", values: eventFates.map((value) => ({ value, label: fateWords[value] })) },
        { key: "received" },
      ]}
      filter={{
        tokens: [
          ...token("source", search.sourceId),
          ...token("type", search.eventType),
          ...token("matched", search.fate),
          ...token("received", range),
        ],
        text: search.q ?? "",
      }}
      onChange={({ tokens, text }) => {
        const value = (key: string) => tokens.find((each) => each.key === key)?.value;
        const { from, to } = readRangeToken(value("received"), search, nowMs, zone);
        address.go(
          readWebhooksSearch({
            tab: "events",
            sourceId: value("source"),
            eventType: value("type"),
            fate: value("matched"),
            q: text,
            from,
            to,
          }),
        );
      }}
    />
  );
};
