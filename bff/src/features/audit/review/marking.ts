import type { AuditReview, markAuditReview, markAuditReviewGroup } from "@wheelhouse/shared/audit/review.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Changes } from "#lib/change.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { lockReview, readOne, targetOf, whoIs } from "./one.ts";
import { addComments, type LockedItem, lockItems, lockOpenOfGroup, setMark, settleFlags } from "./store.ts";

const seqsTold = 100;

/** Marks and comments of a review. Nobody can review their own actions. */
export function createAuditMarks({ changes }: { changes: Changes }) {
  return {
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
  };
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
