import type { HistoryKind } from "@wheelhouse/shared/live/history-kinds.ts";
import type { Core, Feature, Running } from "#lib/feature.ts";
import { createPostgresLease } from "#lib/postgres/lease.ts";
import type { NamedCache } from "#lib/redis/own-caches.ts";
import type { Aspect, Change } from "#observe/aspect.ts";
import type { Past, SnapshotStore } from "#observe/spread/spread.ts";
import {
  type ActsBetween,
  createAnnotationsReader,
  createDeployments,
  createJournalReader,
  createMovesReader,
  createPast,
  createSeriesReader,
  historyRoutes,
  type RelatedTo,
} from "./reading/reading.ts";
import { createUptimes } from "./uptime/uptime.ts";
import {
  createHistoryRetention,
  createHistoryStore,
  createHistoryWriter,
  createRollup,
} from "./writing/writing.ts";

const leaseMs = 15_000;

type HistoryNeeds = {
  /** Successful changes from the audit trail, newest first. */
  acts: {
    newest(organizationIds: readonly string[]): Promise<ReadonlyMap<string, readonly Change[]>>;
    between: ActsBetween;
  };
  /** What a thing is and depends on, by its node in the dependency graph. */
  relatedTo: RelatedTo;
  /** For series. */
  cache?: NamedCache;
};

/** Reads stored history and accepts deployments from pipelines; does not depend on the collector. */
export function createHistory(
  { database, changes, clock, log }: Pick<Core, "database" | "changes" | "clock" | "log">,
  { acts, relatedTo, cache }: HistoryNeeds,
) {
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
  const journal = createJournalReader({ database });
  const annotations = createAnnotationsReader({ database, actsBetween: acts.between });
  const feature = {
    routes: (api) => historyRoutes(api, { readSeries, journal, annotations, relatedTo, deployments }),
    jobs: [{ name: "expired history", on: "housekeeping", run: createHistoryRetention({ database }) }],
  } satisfies Feature;
  return {
    ...feature,
    deployments,
    /** Uptimes of everything of one kind. */
    uptimesOf: (kind: HistoryKind) => createUptimes({ database, kind, clock, log }),
    past,
    readSeries,
    annotations,
    /** Stored changes of state of things and their parts. */
    readMoves: createMovesReader({ database }),
    /** Recent audited changes and deployments by organization id, as Overview shows them. */
    async recentChanges(organizationIds: readonly string[]): Promise<ReadonlyMap<string, readonly Change[]>> {
      const [acted, deployed] = await Promise.all([
        acts.newest(organizationIds),
        deployments.recent(organizationIds),
      ]);
      return new Map(
        organizationIds.map((id) => [id, [...(acted.get(id) ?? []), ...(deployed.get(id) ?? [])]]),
      );
    },
  };
}

type RememberingNeeds = {
  aspects: readonly Aspect[];
  snapshots: SnapshotStore;
  /** Id of this process in ticks. */
  owner: string;
};

/** Stores what this process observes, while it holds the lease. */
export function createRemembering({ database, clock, log }: Core, needs: RememberingNeeds) {
  const store = createHistoryStore({ database });
  const lease = createPostgresLease({ database, name: "history", owner: needs.owner, ttlMs: leaseMs });
  const rollUp = createRollup({ database, store, lease });
  const writer = createHistoryWriter({ ...needs, lease, store, rollUp, clock, log });
  return {
    processes: [
      {
        in: ["collector", "web"],
        async start(): Promise<Running> {
          writer.start();
          // Everything observed before the drains end is written; then the lease is released.
          return { drain: async () => {}, stop: writer.stop };
        },
      },
    ],
  } satisfies Feature;
}
