import { isStale, staleAfterMs } from "@wheelhouse/shared/freshness.ts";
import { type HealthList, serviceTopic } from "@wheelhouse/shared/health/health.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";
import { formatUtcTime } from "#lib/time/utc.ts";
import { type Aspect, type Board, type Finding, type FoundProblem, mostGaugeRows } from "#observe/aspect.ts";
import { defineFigures, isHeard, upOf } from "#observe/figures.ts";
import type { OwnProcess } from "#observe/reports/reports.ts";
import { createPublicRows } from "#observe/spread/spread.ts";
import { figuresOfProcesses, longestDelay } from "../own/own.ts";
import {
  nodeOfServer,
  nodeOfService,
  type ObservedService,
  serverRows,
  servicePath,
  serviceRows,
  words,
} from "../rows.ts";
import { publicServers } from "../servers/servers.ts";
import type { KeptDetails } from "./kept-details.ts";

const dayMs = 86_400_000;

const figures = defineFigures<ObservedService>("service", [
  // Maintenance neither adds to nor subtracts from uptime.
  ["up", ({ state, maintenance }) => (maintenance === null ? upOf(state) : null)],
  ["latencyMs", ({ latencyMs }) => latencyMs],
  ["latencyMsP95", ({ latencyMsP95 }) => latencyMsP95],
  ["instances", ({ instances }) => instances.length],
  ["instancesUp", ({ instances }) => instances.filter(({ state }) => upOf(state) === 1).length],
  [
    "certificateDaysLeft",
    ({ certificateExpiresAt, observedAt }) =>
      certificateExpiresAt === null || observedAt === null
        ? null
        : (Date.parse(certificateExpiresAt) - Date.parse(observedAt)) / dayMs,
  ],
]);

export const publicServices = createPublicRows<ObservedService>();

/** Services, and the servers they depend on, as one list. */
export const createHealthAspect = (deps: {
  board?: Board<ObservedService>;
  /** The latest details of instances, for the history. */
  details: Pick<KeptDetails, "of">;
  /** The latest reports of Wheelhouse's own processes. */
  processes(): readonly OwnProcess[];
}): Aspect<ObservedService> => ({
  key: serviceRows.key,
  board: deps.board,
  list: (rows, part): HealthList => ({
    observedAt: part.observedAt,
    intervalMs: part.intervalMs,
    items: rows.map(publicServices.of).sort((a, b) => serviceTopic.order(a, b, part.atMs)),
    nextCursor: null,
    servers: serverRows.rows(part).map(publicServers.of),
  }),
  findings(rows, { atMs }) {
    const nodes = nodesOf(rows);
    return rows.flatMap((row) => (isServer(row) ? [] : findingOf(row, nodes, atMs)));
  },
  edges: {
    noun: "service",
    of(rows) {
      const nodes = nodesOf(rows);
      return rows.flatMap((row) => [
        ...row.dependsOn.flatMap((id) => {
          const to = nodes.get(id);
          return to === undefined || isServer(row) ? [] : [{ from: nodeOfService(row.id), to }];
        }),
        // A queue without its consumer has no worker.
        ...(row.consumes ?? []).map((queue) => ({ from: `queue:${queue}`, to: nodeOfService(row.id) })),
      ]);
    },
  },
  trends(rows, _seen, { hour }) {
    for (const { id, state, latencyMs } of rows)
      hour(`latency:${id}`, state === "down" || state === "unknown" ? null : latencyMs);
  },
  figures: (rows, seen) => [
    ...figures.all(rows, seen, (row) => isHeard(row, seen)),
    ...figuresOfProcesses(deps.processes(), seen),
  ],
  peaks: [longestDelay],
  frames: [
    { part: "health", text: (_rows, { encoded }) => encoded.plain() },
    {
      part: "details",
      text: (rows, { part }) =>
        deps.details.of(
          part.organization.slug,
          // Sorted, so that the order does not change with the states.
          rows.flatMap(({ id, kind }) => (kind === "service" ? id : [])).sort(),
        ),
    },
  ],
  journal: { kind: "health", name: ({ name }) => name, word: ({ state, label }) => label || state },
  gauges: [
    {
      name: "service_up",
      help: "1 when a watched service is ok or degraded, 0 when it is down; absent while that is unknown",
      labels: ["organization", "service"],
      most: mostGaugeRows,
      tell({ organization, id, kind, state }, set) {
        if (kind === "service" && state !== "unknown")
          set({ organization, service: id }, state === "down" ? 0 : 1);
      },
    },
    {
      name: "service_latency_p95_seconds",
      help: "95th percentile of the checks of the last hour",
      labels: ["organization", "service"],
      most: mostGaugeRows,
      tell({ organization, id, latencyMsP95 }, set) {
        if (latencyMsP95 !== null) set({ organization, service: id }, latencyMsP95 / 1000);
      },
    },
  ],
});

/** The aspect of the servers counts these and reports their problems. */
const isServer = ({ kind }: ObservedService) => kind === "redis" || kind === "postgres";

/** Not checked yet, and not overdue. */
const isPending = (row: ObservedService, nowMs: number) =>
  row.observedAt === null &&
  row.state === "unknown" &&
  nowMs - Date.parse(row.since) < staleAfterMs(row.intervalMs);

const nodesOf = (rows: readonly ObservedService[]): ReadonlyMap<string, string> =>
  new Map(rows.map((row) => [row.id, isServer(row) ? nodeOfServer(row.id) : nodeOfService(row.id)]));

function findingOf(row: ObservedService, nodes: ReadonlyMap<string, string>, nowMs: number): Finding {
  const { state, observedAt, intervalMs } = row;
  const node = nodeOfService(row.id);
  if (row.maintenance !== null)
    return { node, state, check: "maintenance", explainedBy: null, problem: null };
  if (isPending(row, nowMs)) return { node, state, check: "pending", explainedBy: null, problem: null };
  const late = state === "ok" && isStale(observedAt, intervalMs, nowMs);
  return {
    node,
    state,
    check: late ? "stale" : state,
    explainedBy:
      row.explainedBy === null ? null : (nodes.get(row.explainedBy) ?? nodeOfService(row.explainedBy)),
    problem: problemOf(row, nowMs),
  };
}

function problemOf(row: ObservedService, nowMs: number): FoundProblem | null {
  const { id, name, state, observedAt, intervalMs } = row;
  const common = {
    subject: name,
    affects: null,
    countsDependants: false,
    area: "health",
    path: servicePath(id),
  } as const;
  if (state === "ok") {
    if (observedAt === null || !isStale(observedAt, intervalMs, nowMs)) return null;
    const age = formatSpan(nowMs - Date.parse(observedAt));
    return {
      ...common,
      state: "stale",
      label: `Stale ${age}`,
      title: `no data for ${age}`,
      since: observedAt,
      cause: `Was ok. Checked every ${formatSpan(intervalMs)}, last at ${formatUtcTime(observedAt)}`,
    };
  }
  const titles = { down: "is down", degraded: "needs attention", unknown: "state unknown" };
  return {
    ...common,
    state,
    label: words[state],
    title: titles[state],
    since: row.since,
    cause: row.cause ?? words[state],
  };
}
