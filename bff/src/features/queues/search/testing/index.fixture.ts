import type { Capability } from "@wheelhouse/shared/capabilities.ts";
import { findJobs, type JobIndex } from "@wheelhouse/shared/queues/find.ts";
import { Redis } from "ioredis";
import { pino } from "pino";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import { createPostgresLease } from "#lib/postgres/lease.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createSharedReads } from "#lib/shared-reads.ts";
import { type Clock, systemClock } from "#lib/time/clock.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { type FieldRule, standingRules } from "../fields.ts";
import { createFinding } from "../finding.ts";
import { createFollower } from "../follow.ts";
import type { FollowedQueue } from "../followed.ts";
import { createHoldings } from "../holdings.ts";
import { createReadingStore } from "../reading-store.ts";
import { createIndexStore } from "../store.ts";

const log = pino({ level: "silent" });
const key = "a key of a test";
export const keptDays = 14;
const noCounts = {
  waiting: 0,
  prioritized: 0,
  active: 0,
  delayed: 0,
  waitingChildren: 0,
  failed: 0,
  completed: 0,
};

/** An index over a database of its own; `follow` begins a reader, as a process does when it observes. */
export async function startIndex(redisUrl: string, { clock = systemClock }: { clock?: Clock } = {}) {
  const urls = await createTestDatabase();
  const database = createDatabase({ ...urls, poolSize: 5, log });
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1 });
  const store = createIndexStore(database);
  const reading = createReadingStore(database);
  const shared = createSharedReads({ clock, events: { on: () => () => {} }, forMs: 0 });
  const finding = createFinding({ store: reading, shared, key, clock });
  const holdings = createHoldings({ store: reading, finding, shared, keptDays, clock });
  let owners = 0;

  const contextOf = (
    organization: RequestContext["organization"] = platformOrganization,
    without: readonly Capability[] = [],
  ): RequestContext => ({
    actor: {
      type: "user",
      id: null,
      display: "Test",
      authMethod: "password",
      sessionId: null,
      can: (capability) => ({ in: () => ({ check: () => !without.includes(capability) }) }),
    },
    organization,
    subtreeIds: [organization.id],
    requestId: "test",
    address: null,
    userAgent: null,
    idempotencyKey: null,
  });

  return {
    database,
    redis,
    store,
    reading,
    contextOf,
    /** A reader with the lease. `rules`: those of people. */
    async follow({ rules = [] }: { rules?: readonly FieldRule[] } = {}) {
      owners += 1;
      const lease = createPostgresLease({
        database,
        name: "job index",
        owner: `reader ${owners}`,
        ttlMs: 60_000,
      });
      const epoch = await lease.hold();
      if (epoch === null) throw new Error("another reader holds the lease");
      const follower = createFollower({
        redis,
        source: "primary",
        store,
        lease,
        terms: { key, keptDays, nowMs: clock.now },
        rulesOf: () => [...standingRules, ...rules],
        onEvents: () => {},
        clock,
      });
      return {
        release: lease.release,
        /** Reads until nothing is new and every back-fill is complete. */
        async read(...queues: readonly (Partial<FollowedQueue> & { name: string })[]) {
          const followed = queues.map((queue) => ({
            id: queue.name,
            prefix: "bull",
            organizationId: platformOrganization.id,
            counts: noCounts,
            ...queue,
          }));
          while (await follower.step(epoch, followed));
        },
      };
    },
    find: (query: object, context = contextOf()) => finding.find(findJobs.query.parse(query), context),
    index: (context = contextOf()): Promise<JobIndex> => holdings.index(false, context),
    causes: (query: { queue?: string[] } = {}, context = contextOf()) =>
      holdings.causes({ ...query, includeChildren: false }, context),
    words: (context = contextOf()) => holdings.words(false, context),
    /** Forgets all jobs, queues and leases. */
    async empty() {
      const tables = [
        "indexed_jobs",
        "indexed_job_tallies",
        "indexed_causes",
        "indexed_queues",
        "indexed_sources",
      ] as const;
      for (const table of tables) await database.system.deleteFrom(table).execute();
      await database.system
        .updateTable("leases")
        .set({ expires_at: new Date(0) })
        .execute();
    },
    async close() {
      redis.disconnect();
      await database.close();
    },
  };
}
export type TestIndex = Awaited<ReturnType<typeof startIndex>>;
