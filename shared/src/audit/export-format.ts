import { z } from "zod";

/**
 * The NDJSON form of exported events, from which a chain can be verified without the database (`npm run
 * verify-audit`).
 *
 * A file is UTF-8 with one JSON object per line, each ending in `\n`, and no header: zero or more event
 * lines, then exactly one trailer. Events of an organization are ordered by number, ascending or descending;
 * a filter leaves gaps. A file without a trailer is incomplete.
 */
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * One event, with exactly this key order and no whitespace. `content` is the event as sealed: its bytes here
 * are the stored canonical text (RFC 8785) that was hashed. `prev` and `hash` are the stored link from
 * `audit_chain`, in lowercase hex.
 */
export const exportedAuditLine = z.strictObject({
  seq: z.number().int().min(1),
  prev: sha256Hex,
  hash: sha256Hex,
  content: z.looseObject({ id: z.uuid(), organization: z.looseObject({ id: z.uuid() }) }),
});
export type ExportedAuditLine = z.infer<typeof exportedAuditLine>;

/** The last line. `sha256` covers every byte before it, including the `\n` of the last event. */
export const exportedAuditTrailer = z.strictObject({
  trailer: z.object({
    rows: z.number().int().min(0),
    sha256: sha256Hex,
    /** Lowest and highest number of the exported events; null if there are none. */
    firstSeq: z.number().int().nullable(),
    lastSeq: z.number().int().nullable(),
    /** The filter, as in the query of the list; `{}` means everything. */
    filter: z.record(z.string(), z.json()),
    /** When the export began; it does not contain events recorded later. */
    exportedAt: z.iso.datetime({ offset: true }),
  }),
});
export type ExportedAuditTrailer = z.infer<typeof exportedAuditTrailer>;
