import { z } from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { auditFilterKept, auditFilterQuery } from "./filter.ts";

export const auditExportFormats = ["ndjson", "csv"] as const;
export type AuditExportFormat = (typeof auditExportFormats)[number];

/** Header of an export's answer: the token by which it can go on. */
export const exportResumeHeader = "x-export-resume";

/** First cell of the last row of a CSV export; rows and hash follow. A file without this row was cut off. */
export const csvTrailerMark = "end of export";

/**
 * Streams the matching events, each organization's newest first. NDJSON is described in `audit-export-format.ts`. CSV has a
 * head, cells of which none begins as a formula, and the last row `end of export,<rows>,<sha256>` over all bytes
 * before it. The answer is a file, so a caller fetches it instead of `call()`.
 *
 * An export that broke off can go on within an hour: the same query with `resume`, the value of the answer's header
 * `x-export-resume`, and `have`, how many bytes have come, gives the bytes behind those. It is still what the filter
 * showed at the beginning, and count and hash of the last row are over the whole.
 */
export const exportAuditEvents = defineEndpoint({
  method: "GET",
  path: "/audit/export",
  summary: "Events as CSV or NDJSON, exactly those of the list; the last line holds count and hash",
  access: "audit:export",
  action: "audit.trail.export",
  keeps: [...auditFilterKept, "format", "state", "have", "rows", "sha256"],
  query: z.strictObject({
    ...auditFilterQuery,
    format: z.enum(auditExportFormats),
    resume: z
      .string()
      .min(1)
      .max(6_000)
      .describe(`Goes on with an export that broke off: the first answer's header ${exportResumeHeader}.`)
      .optional(),
    have: z.coerce
      .number()
      .int()
      .min(0)
      .default(0)
      .describe("Beside `resume`: how many bytes have come; the answer is what is behind them."),
  }),
  response: z.any(),
});
