import { isStale } from "@wheelhouse/shared/freshness.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";
import { formatUtcTime } from "#lib/time/utc.ts";
import type { Aspect, Board, Finding, FoundProblem, Part, Tile } from "#observe/aspect.ts";
import { defineFigures, isHeard, upOf } from "#observe/figures.ts";
import { createPublicRows, sumOfSeries } from "#observe/spread/spread.ts";
import {
  nodeOfServer,
  type ObservedServer,
  type ObservedService,
  serverRows,
  servicePath,
  serviceRows,
  words,
} from "../rows.ts";

export const publicServers = createPublicRows<ObservedServer>();
const figures = defineFigures<ObservedServer>("server", [
  ["up", ({ state }) => upOf(state)],
  ["roundTripMs", ({ roundTripMs }) => roundTripMs],
  ["usedMemoryBytes", ({ redis }) => redis?.usedMemoryBytes],
  ["maxMemoryBytes", ({ redis }) => redis?.maxMemoryBytes],
  ["fragmentationRatio", ({ redis }) => redis?.fragmentationRatio],
  ["fragmentationBytes", ({ redis }) => redis?.fragmentationBytes],
  ["connectedClients", ({ redis }) => redis?.connectedClients],
  ["maxClients", ({ redis }) => redis?.maxClients],
  ["blockedClients", ({ redis }) => redis?.blockedClients],
  ["opsPerSecond", ({ redis }) => redis?.opsPerSecond],
  ["evictedPerSecond", ({ redis }) => redis?.evictedPerSecond],
  ["expiredPerSecond", ({ redis }) => redis?.expiredPerSecond],
  ["rejectedPerSecond", ({ redis }) => redis?.rejectedPerSecond],
  ["inputBytesPerSecond", ({ redis }) => redis?.inputBytesPerSecond],
  ["outputBytesPerSecond", ({ redis }) => redis?.outputBytesPerSecond],
  ["hitsPerSecond", ({ redis }) => redis?.hitsPerSecond],
  ["missesPerSecond", ({ redis }) => redis?.missesPerSecond],
  ["lifetimeHitRatio", ({ redis }) => redis?.lifetimeHitRatio],
  ["uptimeSeconds", ({ redis }) => redis?.uptimeSeconds],
  ["replicas", ({ redis, postgres }) => redis?.replicas ?? postgres?.replicas],
  ["replicationLagMs", ({ redis, postgres }) => (redis ? lagMsOf(redis) : postgres?.replicationLagMs)],
  ["poolSize", ({ postgres }) => postgres?.poolSize],
  ["poolIdle", ({ postgres }) => postgres?.poolIdle],
  ["poolWaiting", ({ postgres }) => postgres?.poolWaiting],
  ["connections", ({ postgres }) => postgres?.connections],
  ["maxConnections", ({ postgres }) => postgres?.maxConnections],
  ["databaseSizeBytes", ({ postgres }) => postgres?.databaseSizeBytes],
  ["longestTransactionMs", ({ postgres }) => postgres?.longestTransactionMs],
  ["blockedQueries", ({ postgres }) => postgres?.blockedQueries],
]);

const lagMsOf = ({ replicationLagSeconds }: NonNullable<ObservedServer["redis"]>) =>
  replicationLagSeconds === null ? null : replicationLagSeconds * 1_000;

/** Redis and Postgres servers. They have no list of their own: each is a row among the services. */
export const createServersAspect = (board?: Board<ObservedServer>): Aspect<ObservedServer> => ({
  key: serverRows.key,
  board,
  findings(rows, part) {
    const services = new Map(serviceRows.rows(part).map((row) => [row.id, row]));
    return rows.map((row) => findingOf(row, services.get(row.id), part));
  },
  tile: tileOf,
  trends(rows, _seen, { recent }) {
    for (const { id, state, redis } of rows) {
      const add = (figure: string, value: number | null | undefined) =>
        recent(`${figure}:${id}`, state === "down" ? null : (value ?? null));
      add("memory", redis?.usedMemoryBytes);
      if (!redis) continue;
      add("commands", redis.opsPerSecond);
      add("fragmentation", redis.fragmentationRatio);
      add("evicted", redis.evictedPerSecond);
      add("clients", redis.connectedClients);
    }
  },
  // The figures of a server that is down are old, but its state is known.
  figures: (rows, seen) =>
    figures.all(
      rows.map((row) =>
        row.state === "down" ? { ...row, roundTripMs: null, redis: null, postgres: null } : row,
      ),
      seen,
      (row) => row.state === "down" || isHeard(row, seen),
    ),
  journal: { kind: "health", name: ({ name }) => name, word: ({ state }) => state },
  gauges: [
    {
      name: "server_up",
      help: "1 when a watched server responds",
      labels: ["organization", "server", "kind"],
      tell({ organization, id, kind, state }, set) {
        if (state !== "unknown") set({ organization, server: id, kind }, state === "down" ? 0 : 1);
      },
    },
  ],
});

function findingOf(server: ObservedServer, row: ObservedService | undefined, part: Part): Finding {
  const isMaintained = row !== undefined && row.maintenance !== null;
  const { id, state, observedAt, intervalMs } = server;
  const late = state !== "down" && isStale(observedAt, intervalMs, part.atMs);
  return {
    node: nodeOfServer(id),
    state,
    check: isMaintained ? "maintenance" : late ? "stale" : state,
    explainedBy: null,
    problem: isMaintained ? null : problemOf(server, row, part.atMs),
  };
}

function problemOf(
  server: ObservedServer,
  row: ObservedService | undefined,
  nowMs: number,
): FoundProblem | null {
  const { id, name, kind, state, since, cause, observedAt, intervalMs } = server;
  const common = {
    subject: name,
    affects: null,
    countsDependants: kind === "redis",
    area: "health",
    path: row ? servicePath(id) : "overview",
  } as const;
  if (state === "down" || state === "degraded")
    return {
      ...common,
      state,
      label: words[state],
      since,
      title: state === "down" ? "is not responding" : "needs attention",
      cause:
        state === "down" && observedAt !== null
          ? `${cause ?? "No response"}. Last response at ${formatUtcTime(observedAt)}`
          : (cause ?? "No response"),
    };
  if (observedAt !== null && isStale(observedAt, intervalMs, nowMs)) {
    const age = formatSpan(nowMs - Date.parse(observedAt));
    return {
      ...common,
      state: "stale",
      label: `Stale ${age}`,
      title: `no response for ${age}`,
      cause: `Was ok. Checked every ${formatSpan(intervalMs)}, last response at ${formatUtcTime(observedAt)}`,
      since: observedAt,
    };
  }
  if (state === "ok") return null;
  return {
    ...common,
    state: "unknown",
    label: words.unknown,
    title: "state unknown",
    cause: cause ?? "Not checked yet",
    since,
  };
}

function tileOf(servers: readonly ObservedServer[], { intervalMs, trend }: Part): Tile {
  const redis = servers.filter(({ kind }) => kind === "redis");
  const answering = redis.filter(({ state }) => state !== "down");
  const isKnown = redis.length > 0 && answering.length === redis.length;
  const sum = (read: (figures: NonNullable<ObservedServer["redis"]>) => number | null) =>
    isKnown ? sumOf(redis.map((server) => (server.redis ? read(server.redis) : null))) : null;
  return {
    redis: {
      servers: redis.length,
      usedMemoryBytes: {
        value: sum(({ usedMemoryBytes }) => usedMemoryBytes),
        trend: sumOfSeries(
          redis.map(({ id }) => trend(`memory:${id}`)),
          intervalMs,
        ),
      },
      opsPerSecond: sum(({ opsPerSecond }) => opsPerSecond),
      evictionPolicy: policiesOf(redis),
    },
    sources: servers.map(publicServers.of),
  };
}

/** The policies of these servers, and how many do not report theirs; null when none does. */
function policiesOf(redis: readonly ObservedServer[]): string | null {
  const told = redis.flatMap((server) => server.redis?.evictionPolicy ?? []);
  const policies = [...new Set(told)].sort();
  const untold = redis.length - told.length;
  if (policies.length === 0) return null;
  return [...policies, ...(untold === 0 ? [] : [`${untold} not reported`])].join(", ");
}

/** Sum; null when one value is unknown. */
const sumOf = (values: readonly (number | null)[]) =>
  values.reduce((sum: number | null, value) => (sum === null || value === null ? null : sum + value), 0);
