import type { HistoryKind } from "@wheelhouse/shared/history.ts";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Changes } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import type { NamedCache } from "#lib/own-caches.ts";
import type { Database } from "#lib/postgres.ts";
import { createPostgresLease } from "#lib/postgres-lease.ts";
import type { KeptDetails } from "#observe/kept-details.ts";
import type { OwnProcess } from "#observe/own-service.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";
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
  return {
    deployments,
    uptimes: createUptimes({ database, clock, log }),
    /** JSON of a status endpoint as it was at a moment. */
    readPast: createPast({ database, clock }),
    /** Figures of one thing over the time before a moment, in the order of `metrics`. */
    async seriesBefore(
      organizationId: string,
      of: { kind: HistoryKind; id: string; metrics: readonly string[]; at: string; spanMs: number },
    ) {
      const { kind, id, metrics, at, spanMs } = of;
      const from = new Date(Date.parse(at) - spanMs).toISOString();
      const { stepMs, series } = await readSeries(organizationId, { kind, id, metrics, from, to: at });
      return series.map(({ values }) => ({ intervalMs: stepMs, values }));
    },
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
  database: Database;
  snapshots: SnapshotStore;
  /** What instances of services told last. */
  details: KeptDetails;
  /** What Wheelhouse's own processes told last of themselves. */
  processes(): readonly OwnProcess[];
  owner: string;
  clock: Clock;
  log: Logger;
}) {
  const { database, snapshots, details, processes, owner, clock, log } = deps;
  const store = createHistoryStore({ database });
  const lease = createPostgresLease({ database, name: "history", owner, ttlMs: leaseMs });
  const rollUp = createRollup({ database, store, lease });
  return createHistoryWriter({ snapshots, details, processes, owner, lease, store, rollUp, clock, log });
}
