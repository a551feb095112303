import type { RuleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import { type Selectable, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";

type Tx = Transaction<Tables>;
export type RuleRecord = Selectable<Tables["alert_rules"]>;

/** Rules as somebody changed them; what is only built in has no row. */
export function createRulesStore(database: Database) {
  return {
    list: (tx: Tx, organizationId: string) =>
      tx
        .selectFrom("alert_rules")
        .selectAll()
        .where("org_id", "=", organizationId)
        .where("deleted_at", "is", null)
        .orderBy("key")
        .limit(5_000)
        .execute(),
    /** Of all organizations, changed at or after a moment; deleted ones, too. */
    changedSince: (since: Date): Promise<RuleRecord[]> =>
      database.system.selectFrom("alert_rules").selectAll().where("updated_at", ">=", since).execute(),
    lock: (tx: Tx, organizationId: string, key: string) =>
      tx
        .selectFrom("alert_rules")
        .selectAll()
        .where("org_id", "=", organizationId)
        .where("key", "=", key)
        .forUpdate()
        .executeTakeFirst(),
    /** @param at null deletes it */
    async write(
      tx: Tx,
      of: {
        organizationId: string;
        key: string;
        source: RuleRecord["source"];
        definition: RuleDefinition;
        version: number;
        by: string;
        isDeleted: boolean;
      },
    ): Promise<RuleRecord> {
      const { organizationId, key, source, version, by, isDeleted } = of;
      const definition = JSON.stringify(of.definition);
      const deleted_at = isDeleted ? sql<Date>`now()` : null;
      const row = await tx
        .insertInto("alert_rules")
        .values({ org_id: organizationId, key, source, definition, version, updated_by: by, deleted_at })
        .onConflict((conflict) =>
          conflict.columns(["org_id", "key"]).doUpdateSet({
            source,
            definition,
            version,
            updated_by: by,
            updated_at: sql<Date>`now()`,
            deleted_at,
          }),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      await tx
        .insertInto("alert_rule_versions")
        .values({
          org_id: organizationId,
          key,
          version,
          definition: isDeleted ? null : definition,
          changed_by: by,
        })
        .execute();
      return row;
    },
    versions: (tx: Tx, organizationId: string, key: string) =>
      tx
        .selectFrom("alert_rule_versions")
        .selectAll()
        .where("org_id", "=", organizationId)
        .where("key", "=", key)
        .orderBy("version", "desc")
        .limit(50)
        .execute(),
    counts: (tx: Tx, organizationId: string) =>
      tx
        .selectFrom("alert_instances")
        .select([
          "rule_key",
          sql<number>`count(*) filter (where state = 'pending')::int`.as("pending"),
          sql<number>`count(*) filter (where state = 'firing')::int`.as("firing"),
        ])
        .where("org_id", "=", organizationId)
        .groupBy("rule_key")
        .execute(),
  };
}
