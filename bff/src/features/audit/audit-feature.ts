import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import type { SecretBox } from "#lib/secret-box.ts";
import { createChanges } from "./audit-changes.ts";
import { createDenials } from "./audit-denials.ts";
import { createReadings } from "./audit-readings.ts";
import { createAuditService } from "./audit-service.ts";
import { createAuditStore } from "./audit-store.ts";
import { createAuditVerifier } from "./audit-verify.ts";

type AuditDeps = {
  database: Database;
  redis: Redis;
  box: SecretBox;
  clock: Clock;
  log: Logger;
  /** Told after each commit, e.g. to push the event to open lists; readings of the trail are not told. */
  onAuditCommitted?: (organizationId: string, auditId: string) => void;
};

/** Puts the audit feature together: `changes` and `denials` for every feature that acts, `service` for its own routes. */
export function createAudit({ database, redis, box, clock, log, onAuditCommitted = () => {} }: AuditDeps) {
  const changes = createChanges({ database, box, onAuditCommitted, log });
  const store = createAuditStore({ database });
  return {
    changes,
    denials: createDenials({ database, clock, onAuditCommitted, log }),
    store,
    service: createAuditService({
      store,
      readings: createReadings({ trail: changes, redis, clock }),
      verifier: createAuditVerifier({ database, clock }),
      trail: changes,
    }),
  };
}
