import { z } from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { auditFilterKept, auditFilterQuery } from "./filter.ts";

export const auditExportFormats = ["ndjson", "csv"] as const;
export type AuditExportFormat = (typeof auditExportFormats)[number];

/** Response header with the token that resumes an interrupted export. */
export const exportResumeHeader = "x-export-resume";

/**
 * First cell of the last row of a CSV export, followed by row count, hash and empty cells. A file without this
 * row is incomplete.
 */
export const csvTrailerMark = "end of export";

/**
 * Streams the matching events, each organization's newest first. `export-format.ts` describes the NDJSON
 * form. CSV has a header row, escaped formula cells, and a last row `end of export,<rows>,<sha256>,,…` over all
 * preceding bytes; every row has the same number of cells. The response is a file, so clients fetch it instead of using `call()`.
 *
 * An interrupted export can be resumed within an hour: the same query with `resume` (the value of the
 * response header `x-export-resume`) and `have` (the number of bytes already received) returns the remaining
 * bytes. A resumed export still reflects the start of the export, and its trailer covers the whole file.
 */
export const exportAuditEvents = defineEndpoint({
  method: "GET",
  path: "/audit/export",
  summary: "Export the same events as the list, as CSV or NDJSON; the last line contains row count and hash",
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
      .describe(`Resumes an interrupted export: the ${exportResumeHeader} header of the first response.`)
      .optional(),
    have: z.coerce
      .number()
      .int()
      .min(0)
      .default(0)
      .describe("With `resume`: number of bytes already received; the response contains the rest."),
  }),
  response: z.any(),
});
