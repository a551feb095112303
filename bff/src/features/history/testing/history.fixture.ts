import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { createPostgresLease } from "#lib/postgres/lease.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { createSnapshotStore } from "#observe/spread/spread.ts";
import { createKeptDetails, makeAspects } from "#testing/aspects.ts";
import { makeCounts, makeQueue, makeTick } from "#testing/tick.ts";
import { createHistory } from "../history.ts";
import { createRollup } from "../writing/rollup.ts";
import { createHistoryStore } from "../writing/store.ts";
import { createHistoryWriter } from "../writing/writer.ts";

const log = pino({ level: "silent" });
export const beginMs = Date.UTC(2026, 0, 5, 12);
export const isoOf = (ms: number) => new Date(ms).toISOString();

export async function makeOrganization(database: Database) {
  const slug = `org-${randomUUID().slice(0, 8)}`;
  const { id } = await database.system
    .insertInto("organizations")
    .values({ slug, name: slug })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id, slug, name: slug };
}

/** A process that observes and stores: it receives ticks together with their time. */
export function remembering(
  database: Database,
  organization: { id: string; slug: string },
  owner = `test/${randomUUID()}`,
) {
  let nowMs = beginMs;
  const clock = { now: () => nowMs };
  const details = createKeptDetails();
  const { aspects, overviewOf } = makeAspects({ details });
  const snapshots = createSnapshotStore({ aspects, clock, intervalMs: 1_000 });
  const lease = createPostgresLease({ database, name: `test-${organization.slug}`, owner, ttlMs: 60_000 });
  const store = createHistoryStore({ database });
  const rollUp = createRollup({ database, store, lease });
  const writer = createHistoryWriter({
    aspects,
    snapshots,
    owner,
    lease,
    store,
    rollUp,
    clock,
    log,
  });
  writer.start();
  return {
    snapshots,
    owner,
    lease,
    details,
    /** Observes at a time and waits for the write; returns what is then served. */
    async tick(atMs: number, waiting: number, part: Parameters<typeof makeTick>[0] = {}) {
      nowMs = atMs;
      snapshots.ingest(
        makeTick({
          observer: owner,
          observedAt: isoOf(atMs),
          organizations: [organization],
          queuesExtra: { observedAt: { primary: isoOf(atMs) } },
          queues: [makeQueue("mail", { organization: organization.slug, counts: makeCounts({ waiting }) })],
          ...part,
        }),
      );
      const views = snapshots.viewsOf(organization);
      const shown = {
        views,
        problems: overviewOf(views.part).problems,
        queues: views.encoded("queues").plain(),
        overview: views.encoded("overview").plain(),
      };
      await writer.settled();
      return shown;
    },
  };
}

export const historyOf = (database: Database, nowMs: number) =>
  createHistory(
    {
      database,
      clock: { now: () => nowMs },
      log,
      changes: {
        run: async () => {
          throw new Error("not used");
        },
        runAsSystem: async () => {
          throw new Error("not used");
        },
      },
    },
    {
      acts: { newest: async () => new Map(), between: async () => [] },
      relatedTo: () => ({ own: [], callers: [], needed: [] }),
    },
  );
