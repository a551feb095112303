import type { DeadLetterGroup, ReceiverNow } from "@wheelhouse/shared/webhooks/dead-letters.ts";
import type { ReplayFilter } from "@wheelhouse/shared/webhooks/replays.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { errorWords, statusLine } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";

export type Grouping = "cause" | "endpoint" | "event";

/** Dead letters that one act is about. */
export type Cause = {
  key: string;
  title: string;
  /** What the newest answer said; empty if the groups differ too much. */
  detail: string;
  count: number;
  /** Of all that match, 0–1. */
  share: number;
  endpoints: string[];
  eventTypes: string[];
  firstAt: string | null;
  lastAt: string | null;
  receiver: { text: string; detail: string; isFailing: boolean; isHealthy: boolean };
  /** Narrows the page's filter to these; null if a filter cannot express them. */
  filter: Pick<ReplayFilter, "endpointId" | "eventType" | "errorClass"> | null;
};

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

const keyOf = (group: DeadLetterGroup, grouping: Grouping): string =>
  grouping === "endpoint"
    ? group.endpointId
    : grouping === "event"
      ? group.eventType
      : (group.errorClass ?? "");

const titleOf = (group: DeadLetterGroup, grouping: Grouping): string => {
  if (grouping === "endpoint") return group.endpointName;
  if (grouping === "event") return group.eventType;
  return group.errorClass === null ? "No failed attempt" : errorWords[group.errorClass];
};

const filterOf = (group: DeadLetterGroup, grouping: Grouping): Cause["filter"] => {
  if (grouping === "endpoint") return { endpointId: [group.endpointId] };
  if (grouping === "event") return { eventType: [group.eventType] };
  return group.errorClass === null ? null : { errorClass: [group.errorClass] };
};

const receiverWords: Record<ReceiverNow["state"], string> = {
  healthy: "Healthy",
  probing: "Probing",
  failing: "Still failing",
  disabled: "Disabled",
  deleted: "Endpoint deleted",
};

/** What the receivers of some groups do now; of several states, the number of each. */
const receiverOf = (groups: readonly DeadLetterGroup[]): Cause["receiver"] => {
  const byEndpoint = new Map(groups.map(({ endpointId, receiver }) => [endpointId, receiver]));
  const receivers = [...byEndpoint.values()];
  const states = distinct(receivers.map(({ state }) => state));
  const [only] = states;
  const isFailing = states.some((state) => state === "failing" || state === "probing");
  const isHealthy = states.every((state) => state === "healthy");
  if (states.length !== 1 || only === undefined) {
    const count = (state: ReceiverNow["state"]) => receivers.filter((one) => one.state === state).length;
    const detail = states.map((state) => `${count(state)} ${receiverWords[state].toLowerCase()}`).join(", ");
    return { text: "Mixed", detail, isFailing, isHealthy };
  }
  const sum = (part: "delivered" | "failed") => receivers.reduce((total, one) => total + one[part], 0);
  const [delivered, failed] = [sum("delivered"), sum("failed")];
  const detail =
    only === "deleted"
      ? "can only be discarded"
      : delivered + failed === 0
        ? "no attempt in the last hours"
        : failed === 0
          ? `last ${formatCount(delivered)} succeeded`
          : `${formatCount(failed)} of ${formatCount(delivered + failed)} attempts failed lately`;
  return { text: receiverWords[only], detail, isFailing, isHealthy };
};

const edge = (times: readonly (string | null)[], pick: (...ms: number[]) => number): string | null => {
  const known = times.filter((at): at is string => at !== null).map((at) => Date.parse(at));
  return known.length === 0 ? null : new Date(pick(...known)).toISOString();
};

/** Groups of the server, put together by cause, endpoint or event type, largest first. */
export const causesOf = (groups: readonly DeadLetterGroup[], total: number, grouping: Grouping): Cause[] => {
  const byKey = new Map<string, DeadLetterGroup[]>();
  for (const group of groups) {
    const key = keyOf(group, grouping);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [group]);
    else known.push(group);
  }
  return [...byKey]
    .flatMap(([key, some]): Cause[] => {
      const [largest] = some;
      if (largest === undefined) return [];
      const count = some.reduce((sum, group) => sum + group.count, 0);
      const answer = largest.statusCode === null ? "" : `${statusLine(largest.statusCode)} `;
      const message = largest.errorMessage?.replace(/^\d{3}: /, "") ?? "";
      return [
        {
          key,
          title: titleOf(largest, grouping),
          detail:
            grouping === "cause"
              ? `${answer}${message}`.trim()
              : distinct(some.map((group) => titleOf(group, "cause"))).join(", "),
          count,
          share: total === 0 ? 0 : count / total,
          endpoints: distinct(some.map(({ endpointName }) => endpointName)),
          eventTypes: distinct(some.map(({ eventType }) => eventType)),
          firstAt: edge(
            some.map(({ firstAt }) => firstAt),
            Math.min,
          ),
          lastAt: edge(
            some.map(({ lastAt }) => lastAt),
            Math.max,
          ),
          receiver: receiverOf(some),
          filter: filterOf(largest, grouping),
        },
      ];
    })
    .sort((a, b) => b.count - a.count);
};

/** The dead letters of these causes, within the page's filter. */
export const filterOfCauses = (search: WebhooksSearch, causes: readonly Cause[]): ReplayFilter => {
  const endpointId = causes.flatMap(({ filter }) => filter?.endpointId ?? []);
  const eventType = causes.flatMap(({ filter }) => filter?.eventType ?? []);
  const errorClass = causes.flatMap(({ filter }) => filter?.errorClass ?? []);
  return {
    status: ["dead_letter"],
    ...(endpointId.length > 0
      ? { endpointId }
      : search.endpointId === undefined
        ? {}
        : { endpointId: search.endpointId }),
    ...(eventType.length > 0
      ? { eventType }
      : search.eventType === undefined
        ? {}
        : { eventType: search.eventType }),
    ...(errorClass.length > 0
      ? { errorClass }
      : search.errorClass === undefined
        ? {}
        : { errorClass: search.errorClass }),
    ...(search.from === undefined ? {} : { from: search.from }),
    ...(search.to === undefined ? {} : { to: search.to }),
  };
};

/** "3 causes explain 41,200 of 41,508 dead letters": the largest, at most three, that make up nearly all. */
export const verdictOf = (causes: readonly Cause[], total: number): string => {
  if (total === 0) return "No dead letters";
  if (total === 1) return "1 dead letter";
  const shown = causes.slice(0, 3);
  const count = shown.reduce((sum, cause) => sum + cause.count, 0);
  const verb = shown.length === 1 ? "explains" : "explain";
  return count === total
    ? `${formatPlural(shown.length, "cause")} ${verb} all ${formatPlural(total, "dead letter")}`
    : `${formatPlural(shown.length, "cause")} ${verb} ${formatCount(count)} of ${formatCount(total)} dead letters`;
};
