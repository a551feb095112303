import { sql } from "kysely";
import { z } from "zod";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { unpack } from "../writing/writing.ts";

/** A client's clock may be ahead by this much. */
const aheadMs = 5_000;

const partRow = z.object({
  /** Null where this part was not stored at that time. */
  packed: z.instanceof(Buffer).nullable(),
  base: z.instanceof(Buffer).nullable(),
});
const earliestRow = z.object({ earliest: z.date().nullable() });

/** Reads one part of the last frame stored at or before a time, byte for byte. */
export function createPast({ database, clock }: { database: Database; clock: Clock }) {
  /**
   * @returns the JSON as it was served
   * @throws AppError `validation_failed` for the future, `not_found` when nothing is stored at or before `at`
   */
  return async (organizationId: string, part: string, at: string): Promise<Buffer> => {
    if (Date.parse(at) > clock.now() + aheadMs)
      throw invalidField("query.at", "must be a moment in the past");
    const moment = new Date(at).toISOString();
    return database.asOrganizations([organizationId], async (tx) => {
      const { rows } = await sql`
        select f.packed, b.packed as base
        from (select at from history_frames
          where org_id = ${organizationId} and at <= ${moment} order by at desc limit 1) newest
        left join history_frames f on f.org_id = ${organizationId} and f.at = newest.at and f.part = ${part}
        left join history_frames b on b.org_id = ${organizationId} and b.at = f.base_at and b.part = ${part}`.execute(
        tx,
      );
      if (rows.length > 0) {
        const { packed, base } = partRow.parse(rows[0]);
        if (packed === null) throw new AppError("not_found", "This was not yet stored at that time.");
        return unpack(packed, base);
      }
      const found =
        await sql`select min(at) as earliest from history_frames where org_id = ${organizationId}`.execute(
          tx,
        );
      const { earliest } = earliestRow.parse(found.rows[0]);
      throw new AppError(
        "not_found",
        earliest === null
          ? "Nothing is stored for this organization yet."
          : `Nothing is stored at or before that time. The earliest data is from ${earliest.toISOString()}.`,
      );
    });
  };
}
