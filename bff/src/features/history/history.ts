import type { HistoryKind } from "@wheelhouse/shared/history.ts";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Changes } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import type { NamedCache } from "#lib/own-caches.ts";
import type { Database } from "#lib/postgres.ts";
import { createPostgresLease } from "#lib/postgres-lease.ts";
import type { Aspect } from "#observe/aspect.ts";
import type { Past, SnapshotStore } from "#observe/spread/spread.ts";
import { createDeployments } from "./history-deployments.ts";
import { type ActLine, createHistoryEvents } from "./history-events.ts";
import { createPast } from "./history-past.ts";
import { createHistoryRetention } from "./history-retention.ts";
import { createRollup } from "./history-rollup.ts";
import { historyRoutes } from "./history-routes.ts";
import { createSeriesReader } from "./history-series.ts";
import { createHistoryStore } from "./history-store.ts";
import { createUptimes } from "./history-uptimes.ts";
import { createHistoryWriter } from "./history-writer.ts";

const leaseMs = 15_000;

/** Reads what was remembered, and what pipelines tell; needs nothing of the observe path. */
export function createHistory(deps: {
  database: Database;
  changes: Changes;
  actsBetween(organizationId: string, range: { from: string; to: string }, limit: number): Promise<ActLine[]>;
  clock: Clock;
  log: Logger;
  /** For series. */
  cache?: NamedCache;
}) {
  const { database, changes, actsBetween, clock, log, cache } = deps;
  const deployments = createDeployments({ database, changes, clock });
  const readSeries = createSeriesReader({ database, clock, ...(cache ? { cache } : {}) });
  const past: Past = {
    readPart: createPast({ database, clock }),
    async seriesBefore(organizationId, { kind, id, metrics, at, spanMs }) {
      const from = new Date(Date.parse(at) - spanMs).toISOString();
      const { stepMs, series } = await readSeries(organizationId, { kind, id, metrics, from, to: at });
      return series.map(({ values }) => ({ intervalMs: stepMs, values }));
    },
  };
  return {
    deployments,
    /** Uptimes of all things of one kind. */
    uptimesOf: (kind: HistoryKind) => createUptimes({ database, kind, clock, log }),
    past,
    routes(app: FastifyInstance) {
      historyRoutes(app, {
        readSeries,
        events: createHistoryEvents({ database, actsBetween }),
        deployments,
      });
    },
    upkeep: { "expired history": createHistoryRetention({ database }) },
  };
}

/** Remembers what this process observes, while it holds the lease for it. `owner`: its name in ticks. */
export function createRemembering(deps: {
  aspects: readonly Aspect[];
  database: Database;
  snapshots: SnapshotStore;
  owner: string;
  clock: Clock;
  log: Logger;
}) {
  const { aspects, database, snapshots, owner, clock, log } = deps;
  const store = createHistoryStore({ database });
  const lease = createPostgresLease({ database, name: "history", owner, ttlMs: leaseMs });
  const rollUp = createRollup({ database, store, lease });
  return createHistoryWriter({ aspects, snapshots, owner, lease, store, rollUp, clock, log });
}
