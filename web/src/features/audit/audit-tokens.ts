import type { Zone } from "#lib/format.ts";
import { readRangeToken } from "#lib/time-range.ts";
import type { Filter } from "#ui/filter-tokens.ts";
import { type AuditSearch, readAuditSearch } from "./audit-search.ts";

/** The address that a changed filter bar stands for. */
export const readAuditTokens = (
  filter: Filter,
  current: AuditSearch,
  { nowMs, zone }: { nowMs: number; zone: Zone },
): AuditSearch => {
  const value = (key: string) => filter.tokens.find((token) => token.key === key)?.value;
  const { from, to } = readRangeToken(value("time"), current, nowMs, zone);
  return {
    ...readAuditSearch({
      actor: value("actor"),
      action: value("action"),
      class: value("class"),
      slot: value("hour"),
      // One target at a time: the newest one that was given.
      target:
        current.target !== undefined && value("target")?.startsWith(`${current.target},`) === true
          ? value("target")?.slice(current.target.length + 1)
          : value("target"),
      outcome: value("outcome"),
      q: filter.text,
      from,
      to,
    }),
    event: current.event,
    review: current.review,
  };
};
