import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { auditEvent } from "./audit.ts";
import { auditFilterKept, storedAuditFilter } from "./filter.ts";

/** A review holds at most so many events; a longer period is divided or filtered. */
export const auditReviewEventsMax = 10_000;
/** Events of a review that one request marks. */
export const auditMarksMax = 500;
export const auditMarks = ["reviewed", "flagged"] as const;

const by = z.object({ id: z.string(), name: z.string(), at: timestamp });

/** `own`: events of the reader's own acts, which only somebody else can review. */
const progress = z.object({
  events: z.number().int(),
  reviewed: z.number().int(),
  flagged: z.number().int(),
  settled: z.number().int(),
  comments: z.number().int(),
  /** Neither reviewed nor flagged, own acts of the reader included. */
  open: z.number().int(),
  /** Acts of the reader (of the signer, once signed) that nobody else has reviewed yet. */
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
  /** The chain up to this event is what was gathered, and what a signature covers. */
  coveredSeq: z.number().int(),
  coveredHash: z.string(),
  signed: by.extend({ comment: z.string().nullable(), notReviewed: z.number().int() }).nullable(),
  progress,
});
export type AuditReview = z.infer<typeof auditReview>;

export const auditReviewDetail = auditReview.extend({
  /** What happened to the period after the events were gathered. */
  since: z.object({
    /** Events of the period and filter that are not among the gathered ones; at most 10,000 are counted. */
    newEvents: z.number().int(),
    isMore: z.boolean(),
    expiredEvents: z.number().int(),
    /** Whether the chain still has the covered hash at the covered event. */
    headHolds: z.boolean(),
    /** The newest verification that the trail records. */
    verification: z
      .object({ at: timestamp, toSeq: z.number().int(), problem: z.string().nullable() })
      .nullable(),
  }),
});
export type AuditReviewDetail = z.infer<typeof auditReviewDetail>;

/** An event under review; `event` is null when its content expired. */
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

const params = z.strictObject({ id: z.uuid() });

export const listAuditReviews = defineEndpoint({
  method: "GET",
  path: "/audit/reviews",
  summary: "Reviews of the trail, the newest first",
  access: "audit:read",
  query: z.strictObject(paging),
  response: page(auditReview),
});

export const readAuditReview = defineEndpoint({
  method: "GET",
  path: "/audit/reviews/:id",
  summary: "One review and what changed since its events were gathered",
  access: "audit:read",
  params,
  response: auditReviewDetail,
});

export const listAuditReviewItems = defineEndpoint({
  method: "GET",
  path: "/audit/reviews/:id/items",
  summary: "Events of a review, the newest first, with marks and comments",
  access: "audit:read",
  params,
  query: z.strictObject({ ...paging, state: z.enum(["all", "open", "flagged"]).default("all") }),
  response: page(auditReviewItem),
});

export const openAuditReview = defineEndpoint({
  method: "POST",
  path: "/audit/reviews",
  summary: "Gather the events of a period under a filter for review",
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
  summary: "Mark events as reviewed or flagged, take a mark back, or settle flags; a flag needs a comment",
  access: "audit:sign-off",
  action: "audit.review.mark",
  keeps: ["mark", "count", "events"],
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
  summary: "Sign a review off; says how many events were not reviewed, which has to be what is so",
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
  ],
  params,
  body: z.strictObject({
    notReviewed: z.number().int().min(0),
    comment: z.string().trim().min(1).max(1000).optional(),
  }),
  response: auditReview,
});
