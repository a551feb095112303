import { z } from "zod";

/**
 * The NDJSON form of exported events, from which a chain can be verified without the database (`npm run verify-audit`).
 *
 * A file is UTF-8, each line one JSON object ending in `\n`, no header: event lines, none or many, then exactly one
 * trailer. Events of one organization run in the order of their numbers, forwards or backwards; a filter leaves gaps.
 * What ends without a trailer was cut off.
 */
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * One event, in exactly this order and without white space. `content` is the event as it was sealed: its bytes here are
 * the stored canonical text (RFC 8785), over which its hash goes. `prev` and `hash` are the stored link of
 * `audit_chain`, in lower-case hex.
 */
export const exportedAuditLine = z.strictObject({
  seq: z.number().int().min(1),
  prev: sha256Hex,
  hash: sha256Hex,
  content: z.looseObject({ id: z.uuid(), organization: z.looseObject({ id: z.uuid() }) }),
});
export type ExportedAuditLine = z.infer<typeof exportedAuditLine>;

/** The last line. `sha256` is over every byte before it, the `\n` of the last event included. */
export const exportedAuditTrailer = z.strictObject({
  trailer: z.object({
    rows: z.number().int().min(0),
    sha256: sha256Hex,
    /** Smallest and greatest number of the exported events; null when there is none. */
    firstSeq: z.number().int().nullable(),
    lastSeq: z.number().int().nullable(),
    /** What was asked for, as in the query of the list; `{}` is everything. */
    filter: z.record(z.string(), z.json()),
    /** When the export began: what was recorded later is not in it. */
    exportedAt: z.iso.datetime({ offset: true }),
  }),
});
export type ExportedAuditTrailer = z.infer<typeof exportedAuditTrailer>;
