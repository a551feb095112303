import { sql } from "kysely";
import type { Logger } from "pino";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";

/** Blocks per statement: 4,096 events, about a tenth of a second. */
const blocksPerStatement = 16;
const behindMax = 1_000;
const behindRow = z.object({ id: z.string() });
const madeRow = z.object({ made: z.number() });

/**
 * Builds the due blocks of all organizations (`wheelhouse.build_audit_blocks`): export lines, ready to be
 * sent; and adds the CSV and the ends of its lines where a block lacks them.
 * An organization whose trail lacks an event keeps its existing blocks; the others continue.
 * @returns the number of blocks built or completed.
 */
export async function buildAuditBlocks({ database, log }: { database: Database; log: Logger }) {
  const behind = await sql`
    select h.org_id as id from audit_heads h
    where h.seq / 256 > greatest(
      (select max(b.number) + 1 from audit_blocks b where b.org_id = h.org_id),
      (select (max(x.upto_seq) + 255) / 256 from audit_expirations x where x.org_id = h.org_id), 0)
    limit ${behindMax}`.execute(database.system);
  const bare = await sql`
    select distinct b.org_id as id from audit_blocks b where b.csv_ends is null limit ${behindMax}`.execute(
    database.system,
  );
  const idsOf = ({ rows }: { rows: unknown[] }) => rows.map((row) => behindRow.parse(row).id);
  let total = 0;
  for (const id of idsOf(behind)) total += await make("build_audit_blocks", id);
  for (const id of idsOf(bare)) total += await make("fill_audit_csv", id);
  return total;

  async function make(step: "build_audit_blocks" | "fill_audit_csv", organizationId: string) {
    let made = 0;
    try {
      for (;;) {
        const { rows } = await sql`
          select ${sql.ref(step)}(${organizationId}::uuid, ${blocksPerStatement}) as made`.execute(
          database.system,
        );
        const more = madeRow.parse(rows[0]).made;
        if (more === 0) return made;
        made += more;
      }
    } catch (err) {
      log.warn({ err, organizationId }, "blocks of the audit trail could not be built");
      return made;
    }
  }
}
