import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import { type BreakerList, failedShareOf, type readBreaker } from "@wheelhouse/shared/breakers.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import {
  type Aspect,
  type Board,
  type FoundProblem,
  mostGaugeRows,
  type Part,
  type Tile,
} from "#observe/aspect.ts";
import { defineFigures, isHeard } from "#observe/figures.ts";
import { createPublicRows } from "#observe/spread/spread.ts";
import type { OwnEndpointsKey } from "./own.ts";
import { breakerRows, isOfChecks, type ObservedBreaker } from "./rows.ts";

const mostWorst = 2;

const figures = defineFigures<ObservedBreaker>("breaker", [
  ["instances", ({ instances }) => instances.length],
  [
    "open",
    ({ instances }) =>
      instances.filter(({ state }) => state === "open" || state === "forced_open" || state === "half_open")
        .length,
  ],
  ["failureRatio", ({ failureRatio }) => failureRatio],
  ["slowRatio", ({ slowRatio }) => slowRatio],
  ["callsPerMinute", ({ callsPerMinute }) => callsPerMinute],
  ["failedPerMinute", ({ failedPerMinute }) => failedPerMinute],
  ["refusedPerMinute", ({ refusedPerMinute }) => refusedPerMinute],
  ["latencyMsP50", ({ latencyMsP50 }) => latencyMsP50],
  ["latencyMsP95", ({ latencyMsP95 }) => latencyMsP95],
  ["latencyMsP99", ({ latencyMsP99 }) => latencyMsP99],
]);

const publicRows = createPublicRows<ObservedBreaker>();
const trendOf = (figure: string, { organization, id }: Pick<ObservedBreaker, "organization" | "id">) =>
  `${figure}:${organization}/${id}`;

const nodeOfService = (id: string) => `service:${id}`;

/** Node of a breaker in the dependency graph, and the id of its problem. */
export const nodeOf = (id: string) => `breaker:${id}`;

/**
 * @param endpoints rows of Wheelhouse's own endpoints; while these are unknown, so is whether there are
 * breakers.
 */
export const createBreakersAspect = ({
  endpoints,
  board,
}: {
  endpoints: OwnEndpointsKey;
  board?: Board<ObservedBreaker>;
}): Aspect<ObservedBreaker> => ({
  key: breakerRows.key,
  board,
  list: (rows, { observedAt, intervalMs }): BreakerList => ({
    observedAt,
    intervalMs,
    items: rows.map(publicRows.of),
    nextCursor: null,
  }),
  findings: (rows) =>
    rows.flatMap((row) => {
      const problem = isOfChecks(row) ? null : problemOf(row);
      if (problem === null) return [];
      return [{ node: nodeOf(row.id), state: problem.state, check: null, explainedBy: null, problem }];
    }),
  edges: {
    noun: "breaker",
    of: (rows) =>
      rows.flatMap(({ id, name, service }) => [
        { from: nodeOf(id), to: nodeOfService(service), calledFor: true as const },
        // A breaker that has exactly the id of a service guards the calls to it.
        { from: nodeOf(id), to: nodeOfService(name) },
      ]),
  },
  tile: (rows, part) => {
    const isUnread = endpoints.rows(part).length === 0 || (endpoints.extra(part)?.failing ?? false);
    return tileOf(rows, rows.length === 0 && isUnread);
  },
  trends(rows, _seen, { recent }) {
    for (const row of rows) {
      const isKnown = row.state !== "unknown";
      recent(trendOf("failureRatio", row), isKnown ? row.failureRatio : null);
      recent(trendOf("failedPerMinute", row), isKnown ? row.failedPerMinute : null);
    }
  },
  figures: (rows, seen) => figures.all(rows, seen, (row) => isHeard(row, seen)),
  frames: [{ part: "breakers", text: (_rows, { encoded }) => encoded.plain() }],
  moves: {
    kind: "breaker",
    of: ({ id, name, moves, instances }) => [
      { entity: id, name, part: null, states: moves },
      ...instances.map((each) => ({ entity: id, name, part: each.instance, states: each.moves })),
    ],
  },
  journal: { kind: "breaker", name: ({ name }) => name, word: ({ state, label }) => label || state },
  gauges: [
    {
      name: "breaker_state",
      help: "1 for the state of a breaker",
      labels: ["organization", "breaker", "state"],
      most: mostGaugeRows,
      tell: ({ organization, id, state }, set) => set({ organization, breaker: id, state }, 1),
    },
  ],
});

/** One breaker with its trends; null when no breaker has this id. */
export function breakerSeen(
  part: Part,
  breakerId: string,
): Omit<EndpointResult<typeof readBreaker>, "changedBefore" | "effectOf"> | null {
  const own = breakerRows.rows(part).find((each) => each.id === breakerId);
  if (!own) return null;
  return {
    observedAt: part.observedAt,
    intervalMs: part.intervalMs,
    breaker: publicRows.of(own),
    failureRatio: part.trend(trendOf("failureRatio", own)),
    failedPerMinute: part.trend(trendOf("failedPerMinute", own)),
  };
}

/**
 * An open breaker as a problem. It is only degraded where no call is lost: Wheelhouse sends its own
 * deliveries later, and a concurrency limit rejects only the excess.
 */
function problemOf(breaker: ObservedBreaker): (FoundProblem & { state: "down" | "degraded" }) | null {
  if (breaker.state === "disabled") return forcedClosed(breaker);
  if (breaker.state !== "open") return null;
  const { id, name, service, kind, library, instances, since, observedAt } = breaker;
  const open = instances.filter(({ state }) => state === "open").length;
  const where = instances.length > 1 ? ` on ${open} of ${instances.length} instances` : "";
  const isOwn = library === "Wheelhouse";
  const isDelivery = isOwn && service === "webhook-delivery";
  const isLimit = kind === "concurrency";
  return {
    state: isOwn || isLimit ? "degraded" : "down",
    label: isLimit ? "At limit" : "Breaker open",
    subject: name,
    title: isLimit
      ? `concurrency limit reached${where}`
      : isDelivery
        ? "breaker open, deliveries waiting"
        : `breaker open${where}`,
    cause: breaker.cause ?? "Calls are rejected",
    affects: isDelivery ? "1 endpoint" : `calls of ${service}`,
    countsDependants: false,
    since: since ?? observedAt ?? new Date(0).toISOString(),
    area: "breakers",
    path: `breakers?breaker=${encodeURIComponent(id)}`,
  };
}

/** Forced closed lets calls pass that fail, which looks harmless unless it is named while it lasts. */
function forcedClosed(breaker: ObservedBreaker): FoundProblem & { state: "degraded" } {
  const { id, name, service, forced, since, observedAt } = breaker;
  return {
    state: "degraded",
    label: "Forced closed",
    subject: name,
    title: "breaker forced closed, protects nothing",
    cause:
      forced?.command === "close"
        ? `By ${forced.by}: ${forced.reason}`
        : (breaker.cause ?? "Calls pass even when they fail"),
    affects: `calls of ${service}`,
    countsDependants: false,
    since: forced?.command === "close" ? forced.at : (since ?? observedAt ?? new Date(0).toISOString()),
    area: "breakers",
    path: `breakers?breaker=${encodeURIComponent(id)}`,
  };
}

function tileOf(breakers: readonly ObservedBreaker[], isUnknown: boolean): Tile {
  const inState = (wanted: BreakerState) =>
    isUnknown ? null : breakers.filter(({ state }) => state === wanted).length;
  return {
    breakers: {
      breakers: isUnknown ? null : breakers.length,
      open: inState("open"),
      halfOpen: inState("half_open"),
      unknown: inState("unknown"),
      worst: breakers
        .flatMap((breaker) => {
          const failureRatio = failedShareOf(breaker);
          return failureRatio ? [{ name: breaker.name, failureRatio }] : [];
        })
        .sort((a, b) => b.failureRatio - a.failureRatio)
        .slice(0, mostWorst),
    },
  };
}
