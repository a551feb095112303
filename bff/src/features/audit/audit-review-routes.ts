import { countAuditEvents, listAuditFacets, readAuditActivity } from "@wheelhouse/shared/audit-explore.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/route.ts";
import type { AuditExplore } from "./audit-explore.ts";

/** What a review of the trail stands on: figures, known values, saved views, exports, sign-off, retention. */
export function auditReviewRoutes(app: FastifyInstance, { explore }: { explore: AuditExplore }) {
  route(app, countAuditEvents, ({ query }, context) => explore.count(query, context));
  route(app, listAuditFacets, ({ query }, context) => explore.facets(query, context));
  route(app, readAuditActivity, ({ query }, context) => explore.activity(query, context));
}
