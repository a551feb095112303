import type { ObjectiveDefinition } from "@wheelhouse/shared/alerts/objectives.ts";
import { type Selectable, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";

type Row = Selectable<Tables["alert_objectives"]>;
type Tx = Transaction<Tables>;

export const mostObjectives = 100;

export const rows = (tx: Tx, organizationId: string) =>
  tx
    .selectFrom("alert_objectives")
    .selectAll()
    .where("org_id", "=", organizationId)
    .where("deleted_at", "is", null)
    .orderBy("key")
    .limit(mostObjectives)
    .execute();
export const lock = (tx: Tx, organizationId: string, key: string) =>
  tx
    .selectFrom("alert_objectives")
    .selectAll()
    .where("org_id", "=", organizationId)
    .where("key", "=", key)
    .forUpdate()
    .executeTakeFirst();
export const write = (
  tx: Tx,
  of: {
    organizationId: string;
    key: string;
    definition: ObjectiveDefinition;
    version: number;
    by: string;
    isDeleted: boolean;
  },
): Promise<Row> => {
  const definition = JSON.stringify(of.definition);
  const deleted_at = of.isDeleted ? sql<Date>`now()` : null;
  const { version, by } = of;
  return tx
    .insertInto("alert_objectives")
    .values({ org_id: of.organizationId, key: of.key, definition, version, updated_by: by, deleted_at })
    .onConflict((conflict) =>
      conflict
        .columns(["org_id", "key"])
        .doUpdateSet({ definition, version, updated_by: by, updated_at: sql<Date>`now()`, deleted_at }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
};
