import {
  type AuditReview,
  type AuditReviewDetail,
  auditGroupsMax,
  auditReviewEventsMax,
  type listAuditReviewGroups,
  type listAuditReviewItems,
  type listAuditReviews,
  type openAuditReview,
  type signAuditReview,
} from "@wheelhouse/shared/audit/review.ts";
import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Readings } from "../reading/reading.ts";
import { filterFields } from "../reading/reading.ts";
import { createAuditMarks } from "./marking.ts";
import { lockReview, readOne, targetOf, whoIs } from "./one.ts";
import { readSince } from "./since.ts";
import { countClose, gatherItems, readGroups, readHead, readItems, readReviews } from "./store.ts";
import type { AuditViews } from "./views.ts";

type AuditReviewsDeps = { database: Database; changes: Changes; readings: Readings; views: AuditViews };
type Tx = Transaction<Tables>;

const reviewPlace = z.strictObject({ openedAt: z.iso.datetime(), id: z.uuid() });
const itemPlace = z.strictObject({ seq: z.string().regex(/^\d{1,15}$/) });
const madeRow = z.object({ id: z.string() });

/**
 * Sign-off: the events of a period are gathered, reviewed and signed. A signature covers the chain up to the
 * last event at the time of gathering. Nobody can review their own actions; they stay open until someone else
 * reviews them.
 */
export function createAuditReviews({ database, changes, readings, views }: AuditReviewsDeps) {
  const reading = <T>(context: RequestContext, work: (tx: Tx) => Promise<T>) =>
    database.asOrganizations([context.organization.id], work);

  return {
    marking: createAuditMarks({ changes }),

    async list(
      { cursor, limit }: EndpointParsed<typeof listAuditReviews>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof listAuditReviews>> {
      const before = decodeCursor(cursor, reviewPlace);
      const found = await reading(context, (tx) =>
        readReviews(tx, whoIs(context).id, { before, limit: limit + 1 }),
      );
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        items,
        nextCursor:
          found.length > limit && last ? encodeCursor({ openedAt: last.opened.at, id: last.id }) : null,
      };
    },

    read: (id: string, context: RequestContext): Promise<AuditReviewDetail> =>
      reading(context, async (tx) => {
        const review = await readOne(tx, id, context);
        return { ...review, since: await readSince(tx, context.organization.id, review) };
      }),

    async items(
      id: string,
      { cursor, limit, ...asked }: EndpointParsed<typeof listAuditReviewItems>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof listAuditReviewItems>> {
      const place = decodeCursor(cursor, itemPlace);
      await readings.record(context, { review: id });
      const found = await reading(context, async (tx) => {
        await readOne(tx, id, context);
        const before = place ? Number(place.seq) : undefined;
        return readItems(tx, id, whoIs(context).id, { ...asked, before, limit: limit + 1 });
      });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        items,
        nextCursor: found.length > limit && last ? encodeCursor({ seq: String(last.seq) }) : null,
      };
    },

    async groups(id: string, context: RequestContext): Promise<EndpointResult<typeof listAuditReviewGroups>> {
      await readings.record(context, { review: id });
      const found = await reading(context, async (tx) => {
        await readOne(tx, id, context);
        return readGroups(tx, id, whoIs(context).id);
      });
      return { items: found.slice(0, auditGroupsMax), isMore: found.length > auditGroupsMax };
    },

    async open(
      { name, from, to, viewId, filter: asked }: EndpointParsed<typeof openAuditReview>["body"],
      context: RequestContext,
    ): Promise<AuditReview> {
      if (Date.parse(from) >= Date.parse(to))
        throw invalidField("body.from", "must be before the end of the period");
      const view = viewId === undefined ? undefined : await views.read(viewId, context);
      const filter = view?.filter ?? asked ?? {};
      const who = whoIs(context);
      return changes.run(context, "audit.review.open", async (tx) => {
        const head = await readHead(tx);
        const { rows } = await sql`
          insert into audit_reviews (org_id, name, from_at, to_at, filter, view_name, opened_by, opened_by_name,
            covered_seq, covered_hash)
          values (${context.organization.id}::uuid, ${name}, ${from}::timestamptz, ${to}::timestamptz,
            ${JSON.stringify(filter)}::jsonb, ${view?.name ?? null}, ${who.id}, ${who.name}, ${head.seq}, ${head.hash})
          returning id`.execute(tx);
        const { id } = madeRow.parse(rows[0]);
        const scope = { id, organizationId: context.organization.id, coveredSeq: head.seq };
        const events = await gatherItems(
          tx,
          { ...scope, filter: { ...filter, from, to } },
          auditReviewEventsMax,
        );
        if (events > auditReviewEventsMax)
          throw new AppError(
            "conflict",
            `More than ${auditReviewEventsMax.toLocaleString("en")} events match. Choose a shorter period or a narrower view.`,
          );
        return {
          result: await readOne(tx, id, context),
          audit: {
            targets: [{ type: "audit-review", id, name }],
            after: {
              ...filterFields({ ...filter, from, to }),
              events,
              coveredSeq: head.seq,
              coveredHash: head.hash,
            },
          },
        };
      });
    },

    sign: (
      id: string,
      { notReviewed, comment }: EndpointParsed<typeof signAuditReview>["body"],
      context: RequestContext,
    ): Promise<AuditReview> =>
      changes.run(context, "audit.review.sign", async (tx) => {
        const who = whoIs(context);
        const review = await lockReview(tx, id, context);
        const { progress } = review;
        if (review.signed)
          throw new AppError("conflict", `${review.signed.name} has already signed this review.`);
        if (progress.flagged > progress.settled)
          throw new AppError(
            "conflict",
            `${progress.flagged - progress.settled} flagged events are not resolved.`,
          );
        if (progress.open !== notReviewed)
          throw new AppError("conflict", `${progress.open} events are not reviewed, not ${notReviewed}.`, {
            details: [{ field: "body.notReviewed", message: `is now ${progress.open}` }],
          });
        const close = await countClose(tx, id, { id: who.id, address: context.address });
        await sql`
          update audit_reviews set signed_by = ${who.id}, signed_by_name = ${who.name}, signed_at = now(),
            comment = ${comment ?? null}, not_reviewed = ${notReviewed},
            same_inviter = ${close.sameInviter}, same_address = ${close.sameAddress}
          where id = ${id}::uuid`.execute(tx);
        return {
          result: await readOne(tx, id, context),
          audit: {
            targets: [targetOf(review)],
            after: {
              ...filterFields({ ...review.filter, from: review.from, to: review.to }),
              coveredSeq: review.coveredSeq,
              coveredHash: review.coveredHash,
              events: progress.events,
              reviewed: progress.reviewed,
              flagged: progress.flagged,
              notReviewed,
              ownActs: progress.ownOpen,
              sameInviter: close.sameInviter,
              sameAddress: close.sameAddress,
            },
            reason: comment ?? null,
          },
        };
      }),
  };
}
export type AuditReviews = ReturnType<typeof createAuditReviews>;
