import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { auditEvent } from "./audit.ts";
import { auditFilterKept, storedAuditFilter } from "./filter.ts";

/** Maximum number of events in a review; split longer periods or narrow the filter. */
export const auditReviewEventsMax = 10_000;
/** Maximum number of events that one request can mark. */
export const auditMarksMax = 500;
export const auditMarks = ["reviewed", "flagged"] as const;

const by = z.object({ id: z.string(), name: z.string(), at: timestamp });

/** `own`: the reader's own actions, which only someone else can review. */
const progress = z.object({
  events: z.number().int(),
  reviewed: z.number().int(),
  flagged: z.number().int(),
  settled: z.number().int(),
  comments: z.number().int(),
  /** Neither reviewed nor flagged, including the reader's own actions. */
  open: z.number().int(),
  /** The reader's own actions (the signer's, once signed) that nobody else has reviewed yet. */
  ownOpen: z.number().int(),
});

export const auditReview = z.object({
  id: z.uuid(),
  name: z.string(),
  from: timestamp,
  to: timestamp,
  filter: storedAuditFilter,
  viewName: z.string().nullable(),
  opened: by,
  /** The review contains events up to this number, and the signature covers the chain up to it. */
  coveredSeq: z.number().int(),
  coveredHash: z.string(),
  signed: by
    .extend({
      comment: z.string().nullable(),
      notReviewed: z.number().int(),
      /**
       * Marked events whose actor was invited to this organization by the person who marked them, or invited that
       * person, or has the same inviter; null if the review was signed before this was recorded.
       */
      sameInviter: z.number().int().nullable(),
      /** Events of others that the signer marked and that came from the address of the signature; null as above. */
      sameAddress: z.number().int().nullable(),
    })
    .nullable(),
  progress,
});
export type AuditReview = z.infer<typeof auditReview>;

export const auditReviewDetail = auditReview.extend({
  /** What changed in the period after the events were gathered. */
  since: z.object({
    /** Events that match the period and filter but are not in the review; counted up to 10,000. */
    newEvents: z.number().int(),
    isMore: z.boolean(),
    expiredEvents: z.number().int(),
    /** True if the chain still has the signed hash at the covered event. */
    headHolds: z.boolean(),
    /** The newest verification recorded in the trail. */
    verification: z
      .object({ at: timestamp, toSeq: z.number().int(), problem: z.string().nullable() })
      .nullable(),
  }),
});
export type AuditReviewDetail = z.infer<typeof auditReviewDetail>;

/** An event under review; `event` is null if its content has expired. */
const auditReviewItem = z.object({
  auditId: z.uuid(),
  seq: z.number().int(),
  recordedAt: timestamp,
  event: auditEvent.nullable(),
  isOwn: z.boolean(),
  mark: z.enum(auditMarks).nullable(),
  marked: by.nullable(),
  settled: by.nullable(),
  comments: z.array(z.object({ id: z.uuid(), author: z.string(), at: timestamp, text: z.string() })),
});
export type AuditReviewItem = z.infer<typeof auditReviewItem>;

/** Maximum number of groups listed, those with the most unreviewed events first. */
export const auditGroupsMax = 200;

/** Who did what: `actor` is an id, or the name of an actor without one; see `audit_activity`. */
const groupKey = { actor: z.string().max(200), action: z.string().max(200) };

/** The events of a review that one actor caused by one action. */
const auditReviewGroup = z.object({
  ...groupKey,
  actorName: z.string(),
  events: z.number().int(),
  /** Denied or failed. */
  refused: z.number().int(),
  flagged: z.number().int(),
  /** Neither reviewed nor flagged. */
  open: z.number().int(),
  /** The reader's own actions, which only someone else can review. */
  isOwn: z.boolean(),
  firstAt: timestamp,
  lastAt: timestamp,
});
export type AuditReviewGroup = z.infer<typeof auditReviewGroup>;

const params = z.strictObject({ id: z.uuid() });
/** Of single events and of groups, which are one action in the trail. */
const markKept = ["mark", "count", "events", "actor", "actorName", "action"] as const;

export const listAuditReviews = defineEndpoint({
  method: "GET",
  path: "/audit/reviews",
  summary: "List reviews of the trail, newest first",
  access: "audit:read",
  query: z.strictObject(paging),
  response: page(auditReview),
});

export const readAuditReview = defineEndpoint({
  method: "GET",
  path: "/audit/reviews/:id",
  summary: "Get a review and what changed since its events were gathered",
  access: "audit:read",
  params,
  response: auditReviewDetail,
});

export const listAuditReviewItems = defineEndpoint({
  method: "GET",
  path: "/audit/reviews/:id/items",
  summary: "List the events of a review, newest first, with marks and comments",
  access: "audit:read",
  params,
  query: z.strictObject({
    ...paging,
    state: z.enum(["all", "open", "flagged"]).default("all"),
    actor: groupKey.actor.optional(),
    action: groupKey.action.optional(),
  }),
  response: page(auditReviewItem),
});

export const listAuditReviewGroups = defineEndpoint({
  method: "GET",
  path: "/audit/reviews/:id/groups",
  summary:
    "List who did what in a review, most unreviewed events first; without events whose content expired",
  access: "audit:read",
  params,
  response: z.object({ items: z.array(auditReviewGroup), isMore: z.boolean() }),
});

export const markAuditReviewGroup = defineEndpoint({
  method: "POST",
  path: "/audit/reviews/:id/groups/marks",
  summary:
    "Mark the unreviewed events of one actor and action as reviewed, in one act; requires their current number",
  access: "audit:sign-off",
  action: "audit.review.mark",
  keeps: markKept,
  params,
  body: z.strictObject({ ...groupKey, open: z.number().int().min(1).max(auditReviewEventsMax) }),
  response: auditReview,
});

export const openAuditReview = defineEndpoint({
  method: "POST",
  path: "/audit/reviews",
  summary: "Start a review of the events in a period, under a filter",
  access: "audit:sign-off",
  action: "audit.review.open",
  keeps: [...auditFilterKept, "events", "coveredSeq", "coveredHash"],
  body: z.strictObject({
    name: z.string().trim().min(1).max(120),
    from: timestamp,
    to: timestamp,
    viewId: z.uuid().optional(),
    filter: storedAuditFilter.optional(),
  }),
  response: auditReview,
  status: 201,
});

export const markAuditReview = defineEndpoint({
  method: "POST",
  path: "/audit/reviews/:id/marks",
  summary: "Mark events as reviewed or flagged, remove marks, or resolve flags; a flag requires a comment",
  access: "audit:sign-off",
  action: "audit.review.mark",
  keeps: markKept,
  params,
  body: z.strictObject({
    events: z.array(z.uuid()).min(1).max(auditMarksMax),
    mark: z.enum([...auditMarks, "open", "settled"]),
    comment: z.string().trim().min(1).max(1000).optional(),
  }),
  response: auditReview,
});

export const commentAuditReview = defineEndpoint({
  method: "POST",
  path: "/audit/reviews/:id/comments",
  summary: "Comment on an event under review",
  access: "audit:sign-off",
  action: "audit.review.comment",
  keeps: ["event"],
  params,
  body: z.strictObject({ event: z.uuid(), text: z.string().trim().min(1).max(1000) }),
  response: auditReview,
});

export const signAuditReview = defineEndpoint({
  method: "POST",
  path: "/audit/reviews/:id/sign",
  summary: "Sign off a review; requires the current number of events that are not reviewed",
  access: "audit:sign-off",
  action: "audit.review.sign",
  keeps: [
    ...auditFilterKept,
    "events",
    "coveredSeq",
    "coveredHash",
    "reviewed",
    "flagged",
    "notReviewed",
    "ownActs",
    "sameInviter",
    "sameAddress",
  ],
  params,
  body: z.strictObject({
    notReviewed: z.number().int().min(0),
    comment: z.string().trim().min(1).max(1000).optional(),
  }),
  response: auditReview,
});
