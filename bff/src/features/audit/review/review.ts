import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { AuditTrail, Changes } from "#lib/change.ts";
import type { OwnJob } from "#lib/feature.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { NamedCache } from "#lib/redis/own-caches.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import { createAuditExport } from "../export/export.ts";
import type { Readings } from "../reading/reading.ts";
import { createAuditExplore, createAuditExploreStore } from "../reading/reading.ts";
import { createAuditExpiry } from "./expiry.ts";
import { createAuditRetention } from "./retention.ts";
import { auditReviewRoutes } from "./routes.ts";
import { createAuditReviews } from "./service.ts";
import { createAuditViews } from "./views.ts";

type AuditReviewDeps = {
  database: Database;
  changes: Changes & AuditTrail;
  readings: Readings;
  box: SecretBox;
  clock: Clock;
  log: Logger;
  /** Cache for known values, except those that name people. */
  cache: NamedCache;
};

/** Working with the audit trail: counters, known values, saved views, exports, sign-off and retention. */
export function createAuditReview(deps: AuditReviewDeps) {
  const { database, changes, readings, box, clock, log, cache } = deps;
  const store = createAuditExploreStore({ database });
  const explore = createAuditExplore({ store, readings, clock, cache });
  const exporting = createAuditExport({ database, trail: changes, box, clock, log });
  const views = createAuditViews({ database, changes });
  const { expire } = createAuditExpiry({ changes });
  const retention = createAuditRetention({ database, changes, expire, clock, log });
  const reviews = createAuditReviews({ database, changes, readings, views });
  return {
    routes: (app: FastifyInstance) =>
      auditReviewRoutes(app, { explore, exporting, views, reviews, retention }),
    jobs: [
      { name: "audit figures", on: "housekeeping", run: explore.rollUp },
      { name: "audit targets", on: "retention", run: store.forgetTargets },
      { name: "audit retention", on: "retention", run: retention.expireDue },
    ] satisfies OwnJob[],
    close: exporting.close,
  };
}
