import pg from "pg";
import type { Logger } from "pino";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";

/** Sorting, checking and reindexing a month of a large installation takes minutes. */
const monthTimeoutMs = 60 * 60_000;
const orderedRow = z.object({ month: z.string().nullable() });

/**
 * Reorders each past month of the trail once by organization (`wheelhouse.order_audit_month`), one after the
 * other. Uses its own connection, because of the long timeout.
 * @returns the reordered partitions, oldest first.
 * @throws DatabaseError `data_corrupted` if a month contains an event that does not match its link.
 */
export async function orderAuditMonths({ database, log }: { database: Database; log: Logger }) {
  const client = new pg.Client({
    ...database.pools.system.options,
    query_timeout: monthTimeoutMs,
    application_name: "wheelhouse-audit-order",
  });
  client.on("error", () => {});
  await client.connect();
  const done: string[] = [];
  try {
    for (;;) {
      await client.query(`begin; set local statement_timeout = ${monthTimeoutMs}`);
      const { rows } = await client.query("select wheelhouse.order_audit_month() as month");
      await client.query("commit");
      const { month } = orderedRow.parse(rows[0]);
      if (month === null) return done;
      done.push(month);
      log.info({ month }, "a month of the audit trail was reordered");
    }
  } finally {
    await client.end();
  }
}
