import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Clock } from "#lib/clock.ts";
import { createListRelay } from "#lib/list-relay.ts";
import type { NamedCache } from "#lib/own-caches.ts";
import type { Database } from "#lib/postgres.ts";
import type { SecretBox } from "#lib/secret-box.ts";
import { buildAuditBlocks } from "./audit-blocks.ts";
import { createChanges } from "./audit-changes.ts";
import { createDenials } from "./audit-denials.ts";
import { createAuditIntake } from "./audit-intake.ts";
import { orderAuditMonths } from "./audit-order.ts";
import { createAuditProof, type ProofConfig } from "./audit-proof.ts";
import { createReadings } from "./audit-readings.ts";
import { createAuditReview } from "./audit-review.ts";
import { auditRoutes } from "./audit-routes.ts";
import { createAuditService } from "./audit-service.ts";
import { createAuditStore } from "./audit-store.ts";

const monthsAhead = 12;

/** Puts the audit feature together: how the trail is written, read, proved and worked with. */
export function createAudit(deps: {
  database: Database;
  redis: Redis;
  /** Hears what other processes committed. */
  subscriber: Redis;
  box: SecretBox;
  /** 32 bytes in base64. */
  secretKey: string;
  config: ProofConfig;
  dataDir: string;
  /** For known values that name nobody. */
  cache: NamedCache;
  /** Told of committed events of any process, for the live list; read the rows with `readHeads`. */
  onEventsChanged(organizationId: string, ids: readonly string[], created: number): void;
  clock: Clock;
  log: Logger;
}) {
  const { database, redis, subscriber, box, secretKey, config, dataDir, cache, clock, log } = deps;
  const relay = createListRelay({
    channel: "wheelhouse:audit:committed",
    redis,
    subscriber,
    log,
    onChange: ({ organizationId, ids, created }) => deps.onEventsChanged(organizationId, ids, created),
  });
  const onAuditCommitted = (organizationId: string, id: string) =>
    relay.tell({ organizationId, ids: [id], created: 1 });
  const changes = createChanges({ database, box, onAuditCommitted, log });
  const denials = createDenials({ database, clock, onAuditCommitted, log });
  const intake = createAuditIntake({
    database,
    clock,
    onCommitted: (organizationId, ids) => relay.tell({ organizationId, ids, created: ids.length }),
  });
  const readings = createReadings({ trail: changes, redis, clock });
  const store = createAuditStore({ database });
  const service = createAuditService({ store, readings });
  const review = createAuditReview({ database, changes, readings, box, cache, clock, log });
  const proof = createAuditProof({
    database,
    store,
    trail: changes,
    intake,
    config,
    dataDir,
    secretKey,
    clock,
    log,
  });
  return {
    /** Runs what changes something, with its event in the same transaction. */
    changes,
    /** Records what was refused. */
    denials,
    readHeads: store.byIds,
    /** Endpoints of the contract; `app` is the scope below `/api/v1`. */
    routes(app: FastifyInstance) {
      auditRoutes(app, { service });
      proof.routes(app);
      review.routes(app);
    },
    upkeep: {
      "audit partitions": () => store.makePartitions(monthsAhead),
      "audit idempotency keys": intake.forgetKeys,
      ...review.upkeep,
      // The last: where a large trail is put in order for the first time, these take minutes.
      "audit months": () => orderAuditMonths({ database, log }),
      "audit blocks": () => buildAuditBlocks({ database, log }),
    },
    /** Begins to sign the chains' ends and to bring them away. */
    start: proof.start,
    stop: proof.stop,
    /** Lets what runs end; after the server has closed. */
    async close() {
      await review.close();
      await denials.close();
    },
  };
}
