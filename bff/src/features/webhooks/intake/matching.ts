import type { EventFate } from "@wheelhouse/shared/webhooks/events.ts";
import { type IntakeTarget, matches } from "../directory/directory.ts";

type Endpoints = IntakeTarget["endpoints"];

type Match = {
  /** The endpoints that get a delivery. */
  taking: Endpoints;
  /** Ids of disabled endpoints whose filter takes the event, at most 50. */
  missedBy: string[];
  fate: EventFate;
};

const missedMax = 50;

/** The endpoints that take an event, those that would if they were enabled, and what that makes of it. */
export function matchOf(endpoints: Endpoints, eventType: string, body: Buffer): Match {
  const fitting = endpoints.filter((endpoint) => matches(endpoint, eventType, body));
  const taking = fitting.filter(({ enabled }) => enabled);
  const missedBy = fitting.filter(({ enabled }) => !enabled).map(({ id }) => id);
  return { taking, missedBy: missedBy.slice(0, missedMax), fate: fateOf(endpoints, taking, missedBy) };
}

function fateOf(all: Endpoints, taking: Endpoints, missedBy: readonly string[]): EventFate {
  if (taking.length > 0) return "matched";
  if (missedBy.length > 0) return "disabled";
  return all.length === 0 ? "none" : "filter";
}
