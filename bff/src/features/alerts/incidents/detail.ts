import type { IncidentDetail, IncidentRow } from "@wheelhouse/shared/alerts/incidents.ts";
import type { RuleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import { clearsWhen } from "@wheelhouse/shared/alerts/words.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Core } from "#lib/feature.ts";
import { notFound } from "#lib/http/errors.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { IncidentRecord } from "./store.ts";
import type { Look } from "./texts.ts";
import { alertViewOf, entryOf, rowOf } from "./views.ts";

type Tx = Transaction<Tables>;
type ChangeBefore = IncidentDetail["changesBefore"][number];

export type DetailNeeds = Pick<Core, "database"> & {
  look(organization: OrganizationKey): Look;
  rulesOf(organization: OrganizationKey): Promise<ReadonlyMap<string, RuleDefinition>>;
  /** What changed in a time, with whether it concerns a node. */
  changesIn(
    organization: OrganizationKey,
    of: { node: string; from: string; to: string; mayReadActs: boolean },
  ): Promise<ChangeBefore[]>;
};

const hourMs = 3_600_000;

const byNumber = async (tx: Tx, organizationId: string, number: number): Promise<IncidentRecord> => {
  const row = await tx
    .selectFrom("incidents")
    .selectAll()
    .where("org_id", "=", organizationId)
    .where("number", "=", number)
    .executeTakeFirst();
  if (!row) throw notFound("incident");
  return row;
};
const mergedInto = async (tx: Tx, rows: readonly IncidentRecord[]) => {
  const ids = rows.flatMap(({ merged_into }) => merged_into ?? []);
  if (ids.length === 0) return new Map<string, number>();
  const found = await tx.selectFrom("incidents").select(["id", "number"]).where("id", "in", ids).execute();
  return new Map(found.map(({ id, number }) => [id, number]));
};
/** Incidents as they are shown. */
export const rowsOf = async (tx: Tx, rows: readonly IncidentRecord[]): Promise<IncidentRow[]> => {
  const numbers = await mergedInto(tx, rows);
  return rows.map((row) => rowOf(row, numbers.get(row.merged_into ?? "") ?? null));
};

/** Reads one incident with all that its page shows. */
export function createDetailReading({ database, look, rulesOf, changesIn }: DetailNeeds) {
  const readRows = (organizationId: string, number: number) =>
    database.asOrganizations([organizationId], async (tx) => {
      const row = await byNumber(tx, organizationId, number);
      const [shown] = await rowsOf(tx, [row]);
      const alerts = await tx
        .selectFrom("alert_instances")
        .selectAll()
        .where("org_id", "=", organizationId)
        .where("incident_id", "=", row.id)
        .orderBy(sql`array_position(array['firing', 'pending', 'resolved'], state)`)
        .orderBy(sql`array_position(array['critical', 'warning', 'info'], severity)`)
        .orderBy("since")
        .limit(100)
        .execute();
      const entries = await tx
        .selectFrom("incident_entries")
        .selectAll()
        .where("org_id", "=", organizationId)
        .where("incident_id", "=", row.id)
        .orderBy("at", "desc")
        .orderBy("id", "desc")
        .limit(200)
        .execute();
      const similar = await tx
        .selectFrom("incidents")
        .select(["number", "started_at", "resolved_at"])
        .where("org_id", "=", organizationId)
        .where("root", "=", row.root)
        .where("started_at", "<", row.started_at)
        .orderBy("started_at", "desc")
        .limit(1)
        .executeTakeFirst();
      return { row, shown, alerts, entries, similar };
    });

  return async (
    organization: OrganizationKey,
    number: number,
    mayReadActs: boolean,
  ): Promise<IncidentDetail> => {
    const rules = await rulesOf(organization);
    const read = await readRows(organization.id, number);
    const { row, alerts, entries, similar } = read;
    const rule = rules.get(row.rule_key);
    const beganMs = row.started_at.getTime();
    const changesBefore = await changesIn(organization, {
      node: row.root,
      from: new Date(beganMs - hourMs).toISOString(),
      to: new Date(beganMs + 1).toISOString(),
      mayReadActs,
    });
    const effects = row.status === "open" ? look(organization).effects(row.root) : [];
    return {
      ...(read.shown ?? rowOf(row)),
      root: row.root,
      rule: row.rule_key,
      ruleName: rule?.name ?? row.rule_key,
      clears: rule === undefined ? "" : clearsWhen(rule),
      labels: row.labels,
      owner: rule?.owner ?? row.owner,
      runbook: rule?.runbook ?? row.runbook,
      affected:
        effects.length > 0
          ? effects.slice(0, 50).map(({ subject, state, path }) => ({ name: subject, state, path }))
          : row.affected,
      alertList: alerts.map((each) => alertViewOf(each, rules.get(each.rule_key)?.forMs ?? null)),
      entries: entries.map(entryOf),
      changesBefore,
      chart: chartOf(row, rule, alerts[0]?.node),
      similar:
        similar?.resolved_at == null
          ? null
          : {
              number: similar.number,
              startedAt: similar.started_at.toISOString(),
              lastedMs: similar.resolved_at.getTime() - similar.started_at.getTime(),
            },
    };
  };
}

/** The figure of the rule that began it, of the thing that it watches. */
function chartOf(
  row: IncidentRecord,
  rule: RuleDefinition | undefined,
  node: string | undefined,
): IncidentDetail["chart"] {
  if (!rule || rule.condition.kind === "problem") return null;
  const { of, metric } = rule.condition;
  const watched = [row.labels.kind === of ? `${of}:${row.labels.id}` : "", node ?? ""].find((each) =>
    each.startsWith(`${of}:`),
  );
  if (watched === undefined) return null;
  const isPlain =
    rule.condition.kind === "series" &&
    rule.condition.dividedBy === undefined &&
    !rule.condition.aggregate.startsWith("rise");
  return {
    kind: of,
    id: watched.slice(of.length + 1),
    metric,
    threshold: isPlain && rule.condition.kind === "series" ? rule.condition.threshold : null,
  };
}
