import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { AuditTrail, Changes } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import type { NamedCache } from "#lib/own-caches.ts";
import type { Database } from "#lib/postgres.ts";
import type { SecretBox } from "#lib/secret-box.ts";
import { createAuditExpiry } from "./audit-expiry.ts";
import { createAuditExplore } from "./audit-explore.ts";
import { createAuditExploreStore } from "./audit-explore-store.ts";
import { createAuditExport } from "./audit-export.ts";
import type { Readings } from "./audit-readings.ts";
import { createAuditRetention } from "./audit-retention.ts";
import { auditReviewRoutes } from "./audit-review-routes.ts";
import { createAuditReviews } from "./audit-reviews.ts";
import { createAuditViews } from "./audit-views.ts";

type AuditReviewDeps = {
  database: Database;
  changes: Changes & AuditTrail;
  readings: Readings;
  box: SecretBox;
  clock: Clock;
  log: Logger;
  /** For known values that name nobody. */
  cache: NamedCache;
};

/** Everything by which people work with the trail: figures, known values, saved views, exports, sign-off, retention. */
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
      { name: "audit figures", run: explore.rollUp },
      { name: "audit targets", run: store.forgetTargets },
      { name: "audit retention", run: retention.expireDue },
    ],
    close: exporting.close,
  };
}
