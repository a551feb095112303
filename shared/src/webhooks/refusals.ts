import { z } from "zod";
import { defineEndpoint, page, paging, queryList, slug, timestamp } from "../endpoint.ts";
import { sourceRules, sourceScheme } from "./senders.ts";

export const refusalReasons = [
  "signature_mismatch",
  "token_mismatch",
  "address_not_allowed",
  "header_missing",
  "timestamp_outside",
  "timestamp_malformed",
  "id_malformed",
  "event_type_malformed",
  "body_malformed",
  "body_too_large",
  "media_type",
  "rate_limited",
  "unknown_source",
  "other",
] as const;
export const refusalReason = z.enum(refusalReasons);
export type RefusalReason = z.infer<typeof refusalReason>;

/** What can be told about a body without keeping any of it. */
export const refusedBody = z.enum(["empty", "json", "form", "xml", "text", "binary", "unread"]);

/** The newest request of a row. Values of headers and the body are not kept: a refused sender is not known. */
export const refusedRequest = z.object({
  /** Path that was asked for; null if it is no valid path of a source. */
  path: z.string().nullable(),
  /** Media type without parameters. */
  contentType: z.string().nullable(),
  /** Size as read, or as declared if the body was not read. */
  sizeBytes: z.number().nullable(),
  body: refusedBody,
  /** At most 40. */
  headers: z.array(z.object({ name: z.string(), length: z.number().int() })),
  /** Form of the signature, e.g. `v1, 44 characters`; null without one. */
  signature: z.string().nullable(),
  /** How far the sender's time is behind this server's; negative if it is ahead. */
  behindMs: z.number().nullable(),
});
export type RefusedRequest = z.infer<typeof refusedRequest>;

/** Requests refused by one source for one reason. */
export const refusal = z.object({
  /** Null for requests that name no source of this organization. */
  source: z
    .object({
      slug,
      /** Null if the source has been deleted. */
      name: z.string().nullable(),
      scheme: sourceScheme.nullable(),
      secretHint: z.string().nullable(),
      /** What the source expects now. Null if it has been deleted. */
      rules: z.object(sourceRules.shape).nullable(),
      publicKey: z.string().nullable(),
      maxBodyBytes: z.number().int().nullable(),
    })
    .nullable(),
  reason: refusalReason,
  /** Status with which the newest request was answered. */
  status: z.number().int(),
  count: z.number().int(),
  firstAt: timestamp,
  lastAt: timestamp,
  /** Up to 5 client addresses, newest first. */
  addresses: z.array(z.string()),
  lastRequestId: z.string(),
  /** Part of the request that was wrong, such as `header.webhook-signature`. */
  field: z.string().nullable(),
  /** What the sender was answered. */
  message: z.string(),
  newest: refusedRequest,
});
export type Refusal = z.infer<typeof refusal>;

export const listRefusals = defineEndpoint({
  method: "GET",
  path: "/webhooks/refusals",
  summary:
    "Refused intake requests by source and reason, most first; counts whole hours, by default of the last 24",
  access: "webhooks:read",
  query: z.strictObject({
    /** `-` stands for requests that name no source of this organization. */
    source: queryList(z.union([z.literal("-"), slug])).optional(),
    reason: queryList(refusalReason).optional(),
    from: timestamp.optional(),
    to: timestamp.optional(),
    ...paging,
  }),
  response: page(refusal).extend({
    /** Of all rows that match, not only of this page. */
    total: z.number().int(),
    /** Start of the first hour that is counted. */
    from: timestamp,
    to: timestamp,
    /** Days after which refused requests are forgotten. */
    keptDays: z.number().int(),
    /** How far a time-stamp may be from this server's time. */
    toleranceMs: z.number(),
  }),
});
