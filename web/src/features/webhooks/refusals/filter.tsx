import { refusalReasons } from "@wheelhouse/shared/webhooks/refusals.ts";
import { rangeName, readRangeToken } from "#lib/history/time-range.ts";
import { useMinute } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { RangePicker } from "#ui/filter/range-picker.tsx";
import { readWebhooksSearch, type WebhooksSearch } from "../search.ts";
import { reasonWords } from "./words.ts";

/** Filter bar over the refused requests. */
export const RefusedFilter = ({
  address,
  slugs,
}: {
  address: PageAddress<WebhooksSearch>;
  slugs: readonly string[];
}) => {
  const { search } = address;
  const { zone } = usePreferences();
  const nowMs = useMinute();
  const token = (key: string, values: readonly string[] | undefined) =>
    values === undefined || values.length === 0 ? [] : [{ key, value: values.join(",") }];
  const range = search.from === undefined && search.to === undefined ? [] : [rangeName(search, nowMs, zone)];
  return (
    <>
      <FilterBar
        label="Filter refused requests"
        keys={[
          {
            key: "source",
            values: [...slugs.map((value) => ({ value })), { value: "-", label: "unknown" }],
          },
          { key: "reason", values: refusalReasons.map((value) => ({ value, label: reasonWords[value] })) },
          { key: "received" },
        ]}
        filter={{
          tokens: [
            ...token("source", search.source),
            ...token("reason", search.reason),
            ...token("received", range),
          ],
          text: "",
        }}
        onChange={({ tokens }) => {
          const value = (key: string) => tokens.find((each) => each.key === key)?.value;
          const { from, to } = readRangeToken(value("received"), search, nowMs, zone);
          address.go(
            readWebhooksSearch({
              tab: "refused",
              source: value("source"),
              reason: value("reason"),
              from,
              to,
            }),
          );
        }}
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
