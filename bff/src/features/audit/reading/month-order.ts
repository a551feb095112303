import pg from "pg";
import type { Logger } from "pino";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";

/** A month of a large installation takes minutes: it is sorted, compared with its links, and indexed anew. */
const monthTimeoutMs = 60 * 60_000;
const orderedRow = z.object({ month: z.string().nullable() });

/**
 * Puts months of the trail that are over in the order of organizations, one after the other, each once
 * (`wheelhouse.order_audit_month`). On a connection of its own, for no other statement may take so long.
 * @returns the partitions that were put in order now, the oldest first.
 * @throws DatabaseError `data_corrupted` when a month holds an event that does not match its link.
 */
export async function orderAuditMonths({ database, log }: { database: Database; log: Logger }) {
  const client = new pg.Client({
    ...database.pools.system.options,
    statement_timeout: monthTimeoutMs,
    query_timeout: monthTimeoutMs,
    application_name: "wheelhouse-audit-order",
  });
  client.on("error", () => {});
  await client.connect();
  const done: string[] = [];
  try {
    for (;;) {
      const { rows } = await client.query("select wheelhouse.order_audit_month() as month");
      const { month } = orderedRow.parse(rows[0]);
      if (month === null) return done;
      done.push(month);
      log.info({ month }, "a month of the audit trail was put in order");
    }
  } finally {
    await client.end();
  }
}
