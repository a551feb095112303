import type { Severity } from "@wheelhouse/shared/alerts/rules.ts";
import { type Selectable, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Headline } from "./texts.ts";

type Tx = Transaction<Tables>;
export type IncidentRecord = Selectable<Tables["incidents"]>;
export type AlertRecord = Selectable<Tables["alert_instances"]>;

/** An alert as it is to be stored; dates as ISO text. */
export type StoredAlert = {
  rule_key: string;
  node: string;
  state: "pending" | "firing" | "resolved";
  severity: Severity;
  name: string;
  text: string;
  path: string;
  value: number | null;
  since: string;
  clearing_since: string | null;
  no_data_since: string | null;
  fires: readonly string[];
  incident_id: string | null;
  labels: Readonly<Record<string, string>>;
};

const resolvedKeptMs = 24 * 3_600_000;

/** Writes alerts, hundreds in a statement. */
export async function writeAlerts(tx: Tx, organizationId: string, alerts: readonly StoredAlert[]) {
  if (alerts.length === 0) return;
  await sql`
    insert into alert_instances (org_id, rule_key, node, state, severity, name, text, path, value, since, clearing_since,
      no_data_since, fires, incident_id, labels)
    select ${organizationId}::uuid, r.rule_key, r.node, r.state, r.severity, r.name, r.text, r.path, r.value, r.since,
      r.clearing_since, r.no_data_since, r.fires, r.incident_id, r.labels
    from jsonb_to_recordset(${JSON.stringify(alerts)}::jsonb) as r (rule_key text, node text, state text, severity text,
      name text, text text, path text, value float8, since timestamptz, clearing_since timestamptz,
      no_data_since timestamptz, fires timestamptz[], incident_id uuid, labels jsonb)
    on conflict (org_id, rule_key, node) do update set state = excluded.state, severity = excluded.severity,
      name = excluded.name, text = excluded.text, path = excluded.path, value = excluded.value, since = excluded.since,
      clearing_since = excluded.clearing_since, no_data_since = excluded.no_data_since, fires = excluded.fires,
      incident_id = excluded.incident_id, labels = excluded.labels, updated_at = now()`.execute(tx);
}

export async function dropAlerts(
  tx: Tx,
  organizationId: string,
  alerts: readonly { rule_key: string; node: string }[],
) {
  if (alerts.length === 0) return;
  await sql`
    delete from alert_instances a using jsonb_to_recordset(${JSON.stringify(alerts)}::jsonb) as r (rule_key text, node text)
    where a.org_id = ${organizationId}::uuid and a.rule_key = r.rule_key and a.node = r.node`.execute(tx);
}

/** The incidents of these ids, locked in the order of their ids until the transaction ends. */
export const lockIncidents = (tx: Tx, organizationId: string, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : tx
        .selectFrom("incidents")
        .selectAll()
        .where("org_id", "=", organizationId)
        .where("id", "in", [...ids])
        .orderBy("id")
        .forUpdate()
        .execute();

/** Open incidents of an organization; there is at most one a root cause. */
export const lockOpen = (tx: Tx, organizationId: string) =>
  tx
    .selectFrom("incidents")
    .selectAll()
    .where("org_id", "=", organizationId)
    .where("status", "=", "open")
    .orderBy("id")
    .limit(2_000)
    .forUpdate()
    .execute();

/** The last incident of a root cause that ended after a moment. */
export const lockRecent = (tx: Tx, organizationId: string, root: string, since: Date) =>
  tx
    .selectFrom("incidents")
    .selectAll()
    .where("org_id", "=", organizationId)
    .where("root", "=", root)
    .where("status", "=", "resolved")
    .where("merged_into", "is", null)
    .where("resolved_at", ">", since)
    .orderBy("resolved_at", "desc")
    .limit(1)
    .forUpdate()
    .executeTakeFirst();

async function nextNumber(tx: Tx, organizationId: string): Promise<number> {
  const { newest } = await tx
    .insertInto("incident_numbers")
    .values({ org_id: organizationId, newest: 1 })
    .onConflict((conflict) =>
      conflict.column("org_id").doUpdateSet({ newest: sql<number>`incident_numbers.newest + 1` }),
    )
    .returning("newest")
    .executeTakeFirstOrThrow();
  return newest;
}

export const insertIncident = async (
  tx: Tx,
  of: Headline & {
    organizationId: string;
    root: string;
    severity: Severity;
    ruleKey: string;
    labels: Readonly<Record<string, string>>;
    owner: string | null;
    runbook: string | null;
    startedAt: Date;
  },
): Promise<IncidentRecord> =>
  tx
    .insertInto("incidents")
    .values({
      org_id: of.organizationId,
      number: await nextNumber(tx, of.organizationId),
      severity: of.severity,
      root: of.root,
      subject: of.subject,
      title: of.title,
      cause: of.cause,
      path: of.path,
      rule_key: of.ruleKey,
      labels: JSON.stringify(of.labels),
      owner: of.owner,
      runbook: of.runbook,
      started_at: of.startedAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();

export type Entry = { incidentId: string; at: Date; kind: string; text: string; by: string | null };

export async function addEntries(tx: Tx, organizationId: string, entries: readonly Entry[]) {
  if (entries.length === 0) return;
  await tx
    .insertInto("incident_entries")
    .values(
      entries.map(({ incidentId, at, kind, text, by }) => ({
        org_id: organizationId,
        incident_id: incidentId,
        at,
        kind,
        text,
        by,
      })),
    )
    .execute();
}

/** Alerts of incidents, counted. */
export async function countAlerts(tx: Tx, organizationId: string, ids: readonly string[]) {
  if (ids.length === 0) return new Map<string, AlertCounts>();
  const rows = await tx
    .selectFrom("alert_instances")
    .select([
      "incident_id",
      sql<number>`count(*) filter (where state = 'firing')::int`.as("firing"),
      sql<number>`count(*) filter (where state = 'firing' and no_data_since is not null)::int`.as("silent"),
      sql<boolean>`bool_or(state = 'firing' and severity = 'critical')`.as("isCritical"),
      sql<boolean>`bool_or(state = 'firing' and severity = 'warning')`.as("isWarning"),
    ])
    .where("org_id", "=", organizationId)
    .where("incident_id", "in", [...ids])
    .groupBy("incident_id")
    .execute();
  return new Map(
    rows.flatMap((row): [string, AlertCounts][] =>
      row.incident_id === null ? [] : [[row.incident_id, row]],
    ),
  );
}
export type AlertCounts = { firing: number; silent: number; isCritical: boolean; isWarning: boolean };

/** Alerts that fire, at most 2,000. */
export const firingOf = (tx: Tx, organizationId: string, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : tx
        .selectFrom("alert_instances")
        .select(["incident_id", "node", "labels"])
        .where("org_id", "=", organizationId)
        .where("incident_id", "in", [...ids])
        .where("state", "=", "firing")
        .limit(2_000)
        .execute();

export const silencesInForce = (tx: Tx, organizationId: string, at: Date) =>
  tx
    .selectFrom("silences")
    .select(["id", "matchers", "reason", "ends_at"])
    .where("org_id", "=", organizationId)
    .where("ended_at", "is", null)
    .where("starts_at", "<=", at)
    .where("ends_at", ">", at)
    .orderBy("ends_at", "desc")
    .limit(500)
    .execute();

/** What a process that takes over has to know, of all organizations. */
export const readAlerts = (database: Database) =>
  database.system
    .selectFrom("alert_instances")
    .selectAll()
    .where((where) =>
      where.or([
        where("state", "!=", "resolved"),
        where("updated_at", ">", new Date(Date.now() - 3_600_000)),
      ]),
    )
    .execute();

/** Open incidents of all organizations, or only those of which nothing was announced. */
export function readDue(database: Database, { all }: { all: boolean }) {
  const open = database.system
    .selectFrom("incidents")
    .select(["org_id", "id"])
    .where("status", "=", "open")
    .limit(2_000);
  return (all ? open : open.where("announced_at", "is", null)).execute();
}

export const expireAlerts = (database: Database) =>
  database.system
    .deleteFrom("alert_instances")
    .where("state", "=", "resolved")
    .where("updated_at", "<", new Date(Date.now() - resolvedKeptMs))
    .execute();
