import type { EventFate } from "@wheelhouse/shared/webhooks/events.ts";
import type { IntakeTarget } from "../directory/directory.ts";

type Match = {
  /** Ids of the endpoints that get a delivery. */
  taking: string[];
  /** Ids of disabled endpoints whose filter takes the event, at most 50. */
  missedBy: string[];
  fate: EventFate;
};

const missedMax = 50;

/** Whether a pattern matches the type; an empty list matches every type. A trailing `*` matches any suffix. */
export const takesType = (patterns: readonly string[], eventType: string): boolean =>
  patterns.length === 0 ||
  patterns.some((pattern) =>
    pattern.endsWith("*") ? eventType.startsWith(pattern.slice(0, -1)) : pattern === eventType,
  );

/** The endpoints that take an event, those that would if they were enabled, and what that makes of it. */
export function matchOf(endpoints: IntakeTarget["endpoints"], eventType: string): Match {
  const fitting = endpoints.filter(({ eventTypes }) => takesType(eventTypes, eventType));
  const taking = fitting.filter(({ enabled }) => enabled).map(({ id }) => id);
  const missedBy = fitting.filter(({ enabled }) => !enabled).map(({ id }) => id);
  return { taking, missedBy: missedBy.slice(0, missedMax), fate: fateOf(endpoints, taking, missedBy) };
}

function fateOf(all: readonly unknown[], taking: readonly string[], missedBy: readonly string[]): EventFate {
  if (taking.length > 0) return "matched";
  if (missedBy.length > 0) return "disabled";
  return all.length === 0 ? "none" : "filter";
}
