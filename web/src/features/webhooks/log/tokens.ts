import type { Zone } from "#lib/format.ts";
import { readRangeToken } from "#lib/history/time-range.ts";
import type { Filter } from "#ui/filter/filter-tokens.ts";
import { readWebhooksSearch, type WebhooksSearch } from "../search.ts";

/** The URL parameters for a changed filter bar. */
export const readFilterTokens = (
  filter: Filter,
  current: WebhooksSearch,
  { nowMs, zone }: { nowMs: number; zone: Zone },
): WebhooksSearch => {
  const value = (key: string) => filter.tokens.find((token) => token.key === key)?.value;
  const { from, to } = readRangeToken(value("received"), current, nowMs, zone);
  return {
    ...readWebhooksSearch({
      status: value("status"),
      endpointId: value("endpoint"),
      eventType: value("event"),
      errorClass: value("error"),
      q: filter.text,
      from,
      to,
    }),
    group: current.group,
    delivery: current.delivery,
  };
};
