import { endingAtOnce, everyRole, type Feature, type Ground } from "#lib/feature.ts";
import type { NamedCache } from "#lib/redis/own-caches.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import { buildAuditBlocks } from "./export/export.ts";
import { createAuditProof } from "./proof/proof.ts";
import {
  auditRoutes,
  createAuditService,
  createAuditStore,
  createReadings,
  orderAuditMonths,
} from "./reading/reading.ts";
import { createAuditReview } from "./review/review.ts";
import { createAuditIntake, createChanges, createDenials } from "./writing/writing.ts";

const monthsAhead = 12;

type AuditNeeds = {
  box: SecretBox;
  /** 32 bytes in base64. */
  secretKey: string;
  /** Cache for known values, except those that name people. */
  cache: NamedCache;
};

/** The audit trail, a foundation for all later features: writing, reading, proof and review. */
export function createAudit(
  { database, redis, events, sharedReads, config, clock, log }: Ground,
  { box, secretKey, cache }: AuditNeeds,
) {
  const onCommitted = (organizationId: string, ids: readonly string[]) => {
    sharedReads.forget(organizationId);
    events.emit("audit.committed", { organizationId, ids, created: ids.length });
  };
  const onAuditCommitted = (organizationId: string, id: string) => onCommitted(organizationId, [id]);
  const changes = createChanges({ database, box, onAuditCommitted, log });
  const denials = createDenials({ database, clock, onAuditCommitted, log });
  const intake = createAuditIntake({ database, clock, onCommitted });
  const readings = createReadings({ trail: changes, redis, clock });
  const store = createAuditStore({ database });
  const service = createAuditService({ store, readings, shared: sharedReads.open() });
  const review = createAuditReview({ database, changes, readings, box, cache, clock, log });
  const proof = createAuditProof({
    database,
    store,
    trail: changes,
    intake,
    config: config.audit,
    dataDir: config.dataDir,
    secretKey,
    clock,
    log,
  });
  const feature = {
    routes(api) {
      auditRoutes(api, { service });
      proof.routes(api);
      review.routes(api);
    },
    jobs: [
      { name: "audit partitions", on: "every process", run: () => store.makePartitions(monthsAhead) },
      { name: "audit idempotency keys", on: "retention", run: intake.forgetKeys },
      ...review.jobs,
      // Runs last, because ordering a large trail for the first time takes minutes.
      { name: "audit months", on: "housekeeping", run: () => orderAuditMonths({ database, log }) },
      { name: "audit blocks", on: "housekeeping", run: () => buildAuditBlocks({ database, log }) },
    ],
    processes: [
      {
        in: everyRole,
        // Signs the heads of the chains and copies them to the sinks.
        async start() {
          proof.start();
          return endingAtOnce(proof.stop);
        },
      },
    ],
  } satisfies Feature;
  return {
    ...feature,
    /** Runs a change with its event in the same transaction. */
    changes,
    /** Records refused and failed attempts. */
    denials,
    readHeads: store.byIds,
    /** Breakers of calls that every process makes. */
    breakers: proof.breakers,
    /** Waits for running exports and writes counted refusals; must run just before the database closes. */
    async close() {
      await review.close();
      await denials.close();
    },
  };
}
