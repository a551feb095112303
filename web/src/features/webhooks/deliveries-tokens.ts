import type { Zone } from "#lib/format.ts";
import { parseRange, rangeName } from "#lib/time-range.ts";
import type { Filter } from "#ui/filter-tokens.ts";
import { readWebhooksSearch, type WebhooksSearch } from "./webhooks-search.ts";

/**
 * The address that a changed filter bar stands for. A token `received` that still reads as the current range
 * keeps it to the millisecond; one that reads as nothing leaves it as it was.
 */
export const readFilterTokens = (
  filter: Filter,
  current: WebhooksSearch,
  { nowMs, zone }: { nowMs: number; zone: Zone },
): WebhooksSearch => {
  const value = (key: string) => filter.tokens.find((token) => token.key === key)?.value;
  const typed = value("received");
  const kept = { from: current.from, to: current.to };
  const name = rangeName(kept, nowMs, zone);
  const added = typed?.startsWith(`${name},`) === true ? typed.slice(name.length + 1) : typed;
  const range =
    typed === undefined ? {} : added === name ? kept : (parseRange(added ?? "", nowMs, zone) ?? kept);
  return {
    ...readWebhooksSearch({
      status: value("status"),
      endpointId: value("endpoint"),
      eventType: value("event"),
      errorClass: value("error"),
      q: filter.text,
      from: range.from,
      to: range.to,
    }),
    delivery: current.delivery,
  };
};
