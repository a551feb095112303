import { type AuditNotName, auditNotNames } from "@wheelhouse/shared/audit/filter.ts";
import type { Zone } from "#lib/format.ts";
import { readRangeToken } from "#lib/history/time-range.ts";
import { type Filter, notMark } from "#ui/filter/filter-tokens.ts";
import { type AuditSearch, readAuditSearch } from "../search.ts";

/** Labels of the filters in the bar. */
export const tokenName = (name: AuditNotName): string => (name === "slot" ? "hour" : name);

/** The URL parameters for a changed filter bar. */
export const readAuditTokens = (
  filter: Filter,
  current: AuditSearch,
  { nowMs, zone }: { nowMs: number; zone: Zone },
): AuditSearch => {
  // Of a filter and its negation, the one given last wins.
  const tokenOf = (key: string) =>
    filter.tokens.findLast((token) => token.key === key || token.key === `${notMark}${key}`);
  const value = (key: string) => tokenOf(key)?.value;
  const { from, to } = readRangeToken(value("time"), current, nowMs, zone);
  return {
    ...readAuditSearch({
      actor: value("actor"),
      action: value("action"),
      class: value("class"),
      slot: value("hour"),
      // Only one target at a time: the latest one wins.
      target:
        current.target !== undefined && value("target")?.startsWith(`${current.target},`) === true
          ? value("target")?.slice(current.target.length + 1)
          : value("target"),
      outcome: value("outcome"),
      not: auditNotNames.filter((name) => tokenOf(tokenName(name))?.key.startsWith(notMark)),
      q: filter.text,
      from,
      to,
    }),
    event: current.event,
    review: current.review,
  };
};
