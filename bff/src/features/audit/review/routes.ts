import { countAuditEvents, listAuditFacets, readAuditActivity } from "@wheelhouse/shared/audit/explore.ts";
import { exportAuditEvents } from "@wheelhouse/shared/audit/export.ts";
import {
  placeAuditHold,
  readAuditRetention,
  releaseAuditHold,
  updateAuditRetention,
} from "@wheelhouse/shared/audit/retention.ts";
import {
  commentAuditReview,
  listAuditReviewGroups,
  listAuditReviewItems,
  listAuditReviews,
  markAuditReview,
  markAuditReviewGroup,
  openAuditReview,
  readAuditReview,
  signAuditReview,
} from "@wheelhouse/shared/audit/review.ts";
import {
  createAuditView,
  deleteAuditView,
  listAuditViews,
  updateAuditView,
} from "@wheelhouse/shared/audit/views.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { AuditExport } from "../export/export.ts";
import type { AuditExplore } from "../reading/reading.ts";
import type { AuditRetentions } from "./retention.ts";
import type { AuditReviews } from "./service.ts";
import type { AuditViews } from "./views.ts";

type AuditReviewRoutesDeps = {
  explore: AuditExplore;
  exporting: AuditExport;
  views: AuditViews;
  reviews: AuditReviews;
  retention: AuditRetentions;
};

/** Routes for counters, known values, saved views, exports, sign-off and retention. */
export function auditReviewRoutes(
  app: FastifyInstance,
  { explore, exporting, views, reviews, retention }: AuditReviewRoutesDeps,
) {
  route(app, countAuditEvents, ({ query }, context) => explore.count(query, context));
  route(app, listAuditFacets, ({ query }, context) => explore.facets(query, context));
  route(app, readAuditActivity, ({ query }, context) => explore.activity(query, context));
  route(app, exportAuditEvents, ({ query }, context) => exporting.begin(query, context));

  route(app, listAuditViews, async (_, context) => ({ items: await views.list(context) }));
  route(app, createAuditView, ({ body }, context) => views.create(body, context));
  route(app, updateAuditView, ({ params, body }, context) => views.update(params.id, body, context));
  route(app, deleteAuditView, ({ params }, context) => views.remove(params.id, context));

  route(app, listAuditReviews, ({ query }, context) => reviews.list(query, context));
  route(app, readAuditReview, ({ params }, context) => reviews.read(params.id, context));
  route(app, listAuditReviewItems, ({ params, query }, context) => reviews.items(params.id, query, context));
  route(app, listAuditReviewGroups, ({ params }, context) => reviews.groups(params.id, context));
  route(app, markAuditReviewGroup, ({ params, body }, context) =>
    reviews.marking.markGroup(params.id, body, context),
  );
  route(app, openAuditReview, ({ body }, context) => reviews.open(body, context));
  route(app, markAuditReview, ({ params, body }, context) => reviews.marking.mark(params.id, body, context));
  route(app, commentAuditReview, ({ params, body }, context) =>
    reviews.marking.comment(params.id, body.event, body.text, context),
  );
  route(app, signAuditReview, ({ params, body }, context) => reviews.sign(params.id, body, context));

  route(app, readAuditRetention, (_, context) => retention.read(context));
  route(app, updateAuditRetention, ({ body }, context) => retention.update(body.keepDays, context));
  route(app, placeAuditHold, ({ body }, context) => retention.placeHold(body.reason, context));
  route(app, releaseAuditHold, ({ params }, context) => retention.releaseHold(params.id, context));
}
