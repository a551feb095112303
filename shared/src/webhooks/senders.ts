import { z } from "zod";
import { defineEndpoint, page, paging, slug, timestamp, withExamples } from "../endpoint.ts";

/** Audited fields of a source. */
export const sourceKept = [
  "slug",
  "name",
  "scheme",
  "rules",
  "addresses",
  "maxBodyBytes",
  "redaction",
  "searchFields",
  "previousSecretUntil",
] as const;

export const sourceSchemes = [
  "standard",
  "github",
  "stripe",
  "shopify",
  "slack",
  "hmac",
  "bearer",
  "addresses",
] as const;
/**
 * How a source proves who it is. `hmac`: a signature in a header of any name; `bearer`: a token in `Authorization`;
 * `addresses`: nothing but the address that it sends from.
 */
export const sourceScheme = z.enum(sourceSchemes);
export type SourceScheme = z.infer<typeof sourceScheme>;

const mebibyte = 1024 * 1024;
export const bodyLimit = { defaultBytes: mebibyte, minBytes: 1024, maxBytes: 25 * mebibyte } as const;

const headerName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9_-]{0,59}$/, "must be the name of a header, such as x-signature");

/** What the schemes `hmac`, `bearer` and `addresses` cannot know by themselves. */
export const sourceRules = z.strictObject({
  /** `hmac`: header of the signature. */
  signatureHeader: headerName.nullable().default(null),
  /** `hmac`: how the signature is written. */
  encoding: z.enum(["hex", "base64"]).default("hex"),
  /** `hmac`: what stands before the signature, such as `sha256=`. */
  prefix: z
    .string()
    .max(40)
    .regex(/^[\x20-\x7e]*$/, "must be printable ASCII")
    .default(""),
  /** `hmac`: header of the Unix time. If it is set, `time.body` is signed instead of the body. */
  timestampHeader: headerName.nullable().default(null),
  /** Header of the event's id. Without it each request is an event of its own. */
  idHeader: headerName.nullable().default(null),
  /** Header of the event's type. Without it the type is the text `type` of a JSON body. */
  typeHeader: headerName.nullable().default(null),
});
export type SourceRules = z.output<typeof sourceRules>;

const path = z
  .string()
  .trim()
  .regex(
    /^(\*\*\.)?[^.\s,]{1,80}(\.[^.\s,]{1,80}){0,19}$/,
    "must be a path, such as data.customer.name, data.*.iban or **.phone",
  )
  .refine((text) => !text.slice(1).includes("**") || text === "**", "may have ** at its beginning only");
const searchField = z
  .string()
  .trim()
  .regex(/^[^.*=\s,]{1,80}(\.[^.*=\s,]{1,80}){0,19}$/, "must be a path, such as data.orderId");
const pattern = z
  .string()
  .trim()
  .min(4)
  .max(60)
  .regex(/^[\x21-\x7e ]+$/, "must be printable ASCII")
  .refine((text) => text.split("*").length <= 2, "may have one * at most")
  .refine((text) => text.replace(/[*?]/g, "").length >= 3, "must have 3 signs that are neither * nor ?");

/**
 * What is hidden of a source's events whenever they are shown, beside values of fields and headers that carry secrets.
 * Named headers are not even stored.
 */
export const sourceRedaction = z.strictObject({
  /** Paths in JSON or names in a form. `*` stands for one name, a leading `**` for any number; lists add no name. */
  fields: z.array(path).max(50).default([]),
  headers: z.array(headerName).max(30).default([]),
  /** `#` stands for a digit, `?` for a letter or digit, `*` for up to 40 letters, digits, dots and dashes. */
  patterns: z.array(pattern).max(10).default([]),
  /** E-mail addresses but for their first letter and domain. */
  emails: z.boolean().default(true),
  /** Numbers of payment cards but for their last four digits. */
  cards: z.boolean().default(true),
});
export type SourceRedaction = z.output<typeof sourceRedaction>;

export const webhookSource = z.object({
  id: z.uuid(),
  slug,
  name: z.string(),
  scheme: sourceScheme,
  rules: z.object(sourceRules.shape),
  /** Addresses and CIDR blocks from which requests are taken; empty: from everywhere. */
  addresses: z.array(z.string()),
  maxBodyBytes: z.number().int(),
  redaction: z.object(sourceRedaction.shape),
  /** Paths of fields in JSON whose values find the event and its deliveries; stored in clear text. */
  searchFields: z.array(z.string()),
  /** Last 4 characters; the secret itself is never returned. Null without a secret. */
  secretHint: z.string().nullable(),
  /** `standard`: the key `whpk_…` with which the sender's signatures are verified. It is no secret; null for a shared one. */
  publicKey: z.string().nullable(),
  /** Until then the former secret is accepted, too. */
  previousSecretUntil: timestamp.nullable(),
  /** Path on this server to which the provider posts. */
  intakePath: z.string(),
  version: z.number().int(),
  createdAt: timestamp,
});
export type WebhookSource = z.infer<typeof webhookSource>;

const secret = z
  .string()
  .max(200)
  .optional()
  .describe(
    "Shared secret or bearer token. Standard Webhooks: whsec_ and base64 of 24 to 64 bytes, or the public key whpk_. Generated when omitted.",
  );
const fields = {
  name: z.string().trim().min(1).max(100),
  rules: sourceRules,
  addresses: z.array(z.string().trim().min(1).max(50)).max(100),
  maxBodyBytes: z.number().int().min(bodyLimit.minBytes).max(bodyLimit.maxBytes),
  redaction: sourceRedaction,
  searchFields: z.array(searchField).max(5),
};
const id = z.strictObject({ id: z.uuid() });
/** The new secret is shown once; empty for a source without one. */
const withSecret = webhookSource.extend({ secret: z.string() });

export const listSources = defineEndpoint({
  method: "GET",
  path: "/webhooks/sources",
  summary: "Sources from which events are accepted",
  access: "webhooks:read",
  query: z.strictObject({ ...paging }),
  response: page(webhookSource),
});

export const createSource = defineEndpoint({
  method: "POST",
  path: "/webhooks/sources",
  summary: "Create a source; its secret is shown once, in the response",
  access: "webhooks:configure",
  action: "webhooks.source.create",
  keeps: sourceKept,
  body: withExamples(
    z.strictObject({
      slug,
      name: fields.name,
      scheme: sourceScheme,
      rules: fields.rules.prefault({}),
      addresses: fields.addresses.default([]),
      maxBodyBytes: fields.maxBodyBytes.default(bodyLimit.defaultBytes),
      redaction: fields.redaction.prefault({}),
      searchFields: fields.searchFields.default([]),
      secret,
    }),
    {
      slug: "shop",
      name: "Shop",
      scheme: "standard",
      redaction: { fields: ["data.customer.name", "**.phone"], patterns: ["CUST-########"] },
      searchFields: ["data.orderId"],
    },
  ),
  response: withSecret,
  status: 201,
});

export const updateSource = defineEndpoint({
  method: "PATCH",
  path: "/webhooks/sources/:id",
  summary: "Change a source; 409 for a stale version",
  access: "webhooks:configure",
  action: "webhooks.source.update",
  keeps: sourceKept,
  params: id,
  body: withExamples(
    z.strictObject({
      version: z.number().int(),
      name: fields.name.optional(),
      rules: fields.rules.optional(),
      addresses: fields.addresses.optional(),
      maxBodyBytes: fields.maxBodyBytes.optional(),
      redaction: fields.redaction.optional(),
      searchFields: fields.searchFields.optional(),
    }),
    { version: 3, maxBodyBytes: 5_242_880, addresses: ["203.0.113.0/24"] },
  ),
  response: webhookSource,
});

export const rotateSource = defineEndpoint({
  method: "POST",
  path: "/webhooks/sources/:id/rotate",
  summary: "Give a source a new secret; the former one is accepted until the overlap ends",
  access: "webhooks:configure",
  action: "webhooks.source.rotate",
  keeps: sourceKept,
  params: id,
  body: withExamples(
    z.strictObject({
      version: z.number().int(),
      secret,
      /** At most 7 days; 0 refuses the former secret at once. */
      overlapHours: z.number().int().min(0).max(168).default(24),
    }),
    { version: 3, overlapHours: 24 },
  ),
  response: withSecret,
});

export const deleteSource = defineEndpoint({
  method: "DELETE",
  path: "/webhooks/sources/:id",
  summary: "Delete a source: its intake URL responds with 404 from then on",
  access: "webhooks:configure",
  action: "webhooks.source.delete",
  keeps: sourceKept,
  params: id,
  response: z.null(),
  status: 204,
});
