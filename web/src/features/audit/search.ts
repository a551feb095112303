import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import { type AuditNotName, auditNotNames, auditOutcomes } from "@wheelhouse/shared/audit/filter.ts";
import { type RawSearch, readList, readText, readTimestamp } from "#lib/search-params.ts";
import { slotOf } from "./slots.ts";

type Outcome = AuditEvent["outcome"];

/** Everything that the page's URL holds, under the API's parameter names. */
export type AuditSearch = {
  actor?: string[] | undefined;
  action?: string[] | undefined;
  /** Action prefixes. */
  class?: string[] | undefined;
  target?: string | undefined;
  outcome?: Outcome[] | undefined;
  /** Hours of the week in UTC: `4-02` is Thursday from 02:00 to 03:00. */
  slot?: string[] | undefined;
  /** Which of these filters are negated. */
  not?: AuditNotName[] | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
  /** Event whose drawer is open. */
  event?: string | undefined;
  /** Review that is open. */
  review?: string | undefined;
};

const actionName = /^[a-z][a-z0-9.:-]*$/;
const slots = Array.from({ length: 168 }, (_, hour) => slotOf(Math.floor(hour / 24) + 1, hour % 24));
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const readActions = (raw: RawSearch): string[] | undefined => {
  const names = readList(raw, "action")?.filter((name) => actionName.test(name)) ?? [];
  return names.length === 0 ? undefined : names;
};

/** Drops unreadable parameters, so that an outdated or damaged link still opens the page. */
export const readAuditSearch = (raw: RawSearch): AuditSearch => {
  const lists = {
    actor: readList(raw, "actor"),
    action: readActions(raw),
    class: readList(raw, "class"),
    target: readText(raw, "target"),
    outcome: readList(raw, "outcome", auditOutcomes),
    slot: readList(raw, "slot", slots),
  };
  return { ...lists, not: setNames(readList(raw, "not", auditNotNames), lists), ...readRest(raw) };
};

/** Negated filters, limited to those that are set. */
export const setNames = (not: readonly AuditNotName[] | undefined, lists: AuditSearch) => {
  const names = not?.filter((name) => lists[name] !== undefined) ?? [];
  return names.length === 0 ? undefined : names;
};

/** Sets one filter from a plot mark and clears its negation. */
export const toggledIn = (
  search: AuditSearch,
  name: "slot" | "action" | "actor",
  value: string,
): AuditSearch => {
  const { not, ...rest } = search;
  const before = not?.includes(name) === true ? [] : (search[name] ?? []);
  const kept = before.filter((one) => one !== value);
  const next = before.includes(value) ? kept : [...kept, value];
  const lists = { ...rest, [name]: next.length === 0 ? undefined : next };
  return {
    ...lists,
    not: setNames(
      not?.filter((one) => one !== name),
      lists,
    ),
  };
};

const readRest = (raw: RawSearch) => ({
  from: readTimestamp(raw, "from"),
  to: readTimestamp(raw, "to"),
  q: readText(raw, "q"),
  event: readList(raw, "event")?.find((id) => uuid.test(id)),
  review: readList(raw, "review")?.find((id) => uuid.test(id)),
});
