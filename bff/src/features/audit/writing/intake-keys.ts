import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";

type Key = { key: string; requestHash: Buffer; auditId: string };
export type KeptKey = { auditId: string; requestHash: Buffer };

const taken = z.object({ key: z.string() });

/**
 * Claims these keys for the events of this transaction; waits for a concurrent transaction with the same
 * keys.
 * @returns the keys that were free, and the existing events of the others.
 */
export async function takeIntakeKeys(
  tx: Transaction<Tables>,
  { organizationId, reporter, keys }: { organizationId: string; reporter: string; keys: readonly Key[] },
): Promise<{ free: ReadonlySet<string>; kept: ReadonlyMap<string, KeptKey> }> {
  // Sorted, so that two batches with the same keys wait for each other without a deadlock.
  const ordered = keys.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const { rows } = await sql`
    insert into audit_intake_keys (org_id, reporter, key, request_hash, audit_id)
    select ${organizationId}, ${reporter}, k.key, k.request_hash, k.audit_id
    from unnest(${ordered.map(({ key }) => key)}::text[], ${ordered.map(({ requestHash }) => requestHash)}::bytea[],
      ${ordered.map(({ auditId }) => auditId)}::uuid[]) as k (key, request_hash, audit_id)
    on conflict do nothing returning key`.execute(tx);
  const free = new Set(rows.map((row) => taken.parse(row).key));
  const others = ordered.map(({ key }) => key).filter((key) => !free.has(key));
  if (others.length === 0) return { free, kept: new Map() };
  const kept = await tx
    .selectFrom("audit_intake_keys")
    .select(["key", "audit_id", "request_hash"])
    .where("org_id", "=", organizationId)
    .where("reporter", "=", reporter)
    .where("key", "in", others)
    .execute();
  return {
    free,
    kept: new Map(
      kept.map((row) => [row.key, { auditId: row.audit_id, requestHash: row.request_hash }] as const),
    ),
  };
}
