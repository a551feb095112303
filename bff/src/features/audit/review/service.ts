import {
  type AuditReview,
  type AuditReviewDetail,
  auditGroupsMax,
  auditReviewEventsMax,
  type listAuditReviewGroups,
  type listAuditReviewItems,
  type listAuditReviews,
  type markAuditReview,
  type markAuditReviewGroup,
  type openAuditReview,
  type signAuditReview,
} from "@wheelhouse/shared/audit/review.ts";
import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Readings } from "../reading/reading.ts";
import { filterFields } from "../reading/reading.ts";
import { readSince } from "./since.ts";
import {
  addComments,
  countClose,
  gatherItems,
  type LockedItem,
  lockItems,
  lockOpenOfGroup,
  readGroups,
  readHead,
  readItems,
  readReviews,
  setMark,
  settleFlags,
} from "./store.ts";
import type { AuditViews } from "./views.ts";

type AuditReviewsDeps = { database: Database; changes: Changes; readings: Readings; views: AuditViews };
type Tx = Transaction<Tables>;

const reviewPlace = z.strictObject({ openedAt: z.iso.datetime(), id: z.uuid() });
const itemPlace = z.strictObject({ seq: z.string().regex(/^\d{1,15}$/) });
const madeRow = z.object({ id: z.string() });
const seqsTold = 100;

/**
 * Sign-off: the events of a period are gathered, reviewed and signed. A signature covers the chain up to the
 * last event at the time of gathering. Nobody can review their own actions; they stay open until someone else
 * reviews them.
 */
export function createAuditReviews({ database, changes, readings, views }: AuditReviewsDeps) {
  const reading = <T>(context: RequestContext, work: (tx: Tx) => Promise<T>) =>
    database.asOrganizations([context.organization.id], work);

  return {
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

    /** @throws AppError `conflict` if the group no longer has as many unreviewed events as the caller saw. */
    markGroup: (
      id: string,
      { actor, action, open }: EndpointParsed<typeof markAuditReviewGroup>["body"],
      context: RequestContext,
    ): Promise<AuditReview> =>
      changes.run(context, "audit.review.mark", async (tx) => {
        const who = whoIs(context);
        const review = await lockReview(tx, id, context);
        const items = await lockOpenOfGroup(tx, id, { actor, action });
        refuseOwn(items, who.id);
        refuseSigned(review, "reviewed", items);
        if (items.length !== open)
          throw new AppError(
            "conflict",
            `${items.length} events of this group are not reviewed, not ${open}.`,
            { details: [{ field: "body.open", message: `is now ${items.length}` }] },
          );
        await setMark(
          tx,
          id,
          items.map(({ audit_id: event }) => event),
          "reviewed",
          who,
        );
        return {
          result: await readOne(tx, id, context),
          audit: {
            targets: [targetOf(review)],
            after: {
              mark: "reviewed",
              count: items.length,
              actor,
              actorName: items[0]?.actor_display ?? actor,
              action,
            },
          },
        };
      }),

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

    mark: (
      id: string,
      { events: ids, mark, comment }: EndpointParsed<typeof markAuditReview>["body"],
      context: RequestContext,
    ): Promise<AuditReview> =>
      changes.run(context, "audit.review.mark", async (tx) => {
        const who = whoIs(context);
        const review = await lockReview(tx, id, context);
        const items = await lockItems(tx, id, ids);
        if (items.length < new Set(ids).size) throw invalidField("body.events", "are not all in this review");
        refuseOwn(items, who.id);
        refuseSigned(review, mark, items);
        if (mark === "flagged" && comment === undefined && items.some((item) => !item.has_comment))
          throw invalidField("body.comment", "is required to flag an event");
        if (mark === "settled" && items.some((item) => item.mark !== "flagged"))
          throw new AppError("conflict", "Only flagged events can be resolved.");
        if (mark === "settled") await settleFlags(tx, id, ids, who);
        else await setMark(tx, id, ids, mark === "open" ? null : mark, who);
        const scope = { id, organizationId: context.organization.id };
        if (comment !== undefined) await addComments(tx, scope, ids, comment, who);
        return {
          result: await readOne(tx, id, context),
          audit: {
            targets: [targetOf(review)],
            after: {
              mark,
              count: items.length,
              events: items.slice(0, seqsTold).map(({ seq }) => String(seq)),
            },
            ...(comment === undefined ? {} : { reason: comment }),
          },
        };
      }),

    comment: (id: string, event: string, text: string, context: RequestContext): Promise<AuditReview> =>
      changes.run(context, "audit.review.comment", async (tx) => {
        const review = await lockReview(tx, id, context);
        const [item] = await lockItems(tx, id, [event]);
        if (!item) throw invalidField("body.event", "is not in this review");
        await addComments(tx, { id, organizationId: context.organization.id }, [event], text, whoIs(context));
        return {
          result: await readOne(tx, id, context),
          audit: { targets: [targetOf(review)], after: { event: String(item.seq) }, reason: text },
        };
      }),

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

const whoIs = ({ actor }: RequestContext) => ({ id: actor.id ?? actor.display, name: actor.display });
const targetOf = ({ id, name }: AuditReview) => ({ type: "audit-review", id, name });

async function readOne(tx: Tx, id: string, context: RequestContext): Promise<AuditReview> {
  const [review] = await readReviews(tx, whoIs(context).id, { id, limit: 1 });
  if (!review) throw notFound("review");
  return review;
}

/** Locks the review, so that what is signed is what was counted. */
async function lockReview(tx: Tx, id: string, context: RequestContext): Promise<AuditReview> {
  await sql`select from audit_reviews where id = ${id}::uuid for update`.execute(tx);
  return readOne(tx, id, context);
}

type ByActor = Pick<LockedItem, "actor_id">;

function refuseSigned({ signed }: AuditReview, mark: string, items: readonly ByActor[]) {
  if (signed && (mark !== "reviewed" || items.some(({ actor_id }) => actor_id !== signed.id)))
    throw new AppError(
      "conflict",
      "This review is signed. Only the signer's own actions can still be reviewed.",
    );
}

function refuseOwn(items: readonly ByActor[], personId: string) {
  const own = items.filter(({ actor_id }) => actor_id === personId).length;
  if (own > 0)
    throw new AppError(
      "conflict",
      `${own} of these ${own === 1 ? "is your own action" : "are your own actions"}. Someone else must review ${own === 1 ? "it" : "them"}.`,
    );
}
