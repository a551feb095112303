import type { Severity } from "@wheelhouse/shared/alerts/rules.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Alert } from "../evaluation/evaluation.ts";
import { type Entry, type IncidentRecord, insertIncident, lockOpen, lockRecent } from "./store.ts";
import { headlineOf, type Look, labelsOf, problemNodeOf } from "./texts.ts";

type Tx = Transaction<Tables>;
/** What clears and returns within this time is the same incident. */
const reopenedWithinMs = 10 * 60_000;
const worstFirst: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

type Placing = { placed: Map<Alert, string>; touched: Set<string>; created: number };
type Of = { fresh: readonly Alert[]; look: Look; at: Date; entries: Entry[] };

/** Finds or begins the incident of each alert that begins to fire: those with one root cause share one. */
export function createPlacing() {
  return async (tx: Tx, organizationId: string, of: Of): Promise<Placing> => {
    const placing: Placing = { placed: new Map(), touched: new Set(), created: 0 };
    if (of.fresh.length === 0) return placing;
    const open = await lockOpen(tx, organizationId);
    const groups = byRoot(of.fresh, of.look);
    for (const [root, alerts] of groups) {
      const incident =
        open.find((each) => each.root === root) ??
        (await absorbed(tx, root, { open, of, placing })) ??
        (await reopened(tx, organizationId, root, { of, placing })) ??
        (await recovering(tx, organizationId, { root, alerts, open, look: of.look })) ??
        (await begun(tx, organizationId, { root, alerts, of, placing }));
      if (!open.some(({ id }) => id === incident.id)) open.push(incident);
      for (const alert of alerts) placing.placed.set(alert, incident.id);
    }
    return placing;
  };
}

function byRoot(alerts: readonly Alert[], look: Look): ReadonlyMap<string, readonly Alert[]> {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const { root } = look.of(problemNodeOf(alert));
    const there = groups.get(root);
    if (there) there.push(alert);
    else groups.set(root, [alert]);
  }
  return groups;
}

/** Effects may be noticed before their cause: their incidents become one, named after the cause. */
async function absorbed(
  tx: Tx,
  root: string,
  { open, of, placing }: { open: IncidentRecord[]; of: Of; placing: Placing },
): Promise<IncidentRecord | undefined> {
  const { look, at, entries } = of;
  const { problem } = look.of(root);
  const found = open
    .filter((each) => each.root !== root && look.of(each.root).root === root)
    .sort((a, b) => a.started_at.getTime() - b.started_at.getTime());
  const [first, ...others] = found;
  if (!first || problem === null) return undefined;
  for (const other of others) {
    await tx
      .updateTable("alert_instances")
      .set({ incident_id: first.id })
      .where("org_id", "=", other.org_id)
      .where("incident_id", "=", other.id)
      .execute();
    await tx
      .updateTable("incidents")
      .set({
        status: "resolved",
        resolved_at: at,
        merged_into: first.id,
        was_announced: false,
        firing: 0,
        version: other.version + 1,
        updated_at: at,
      })
      .where("id", "=", other.id)
      .execute();
    entries.push({ incidentId: other.id, at, kind: "merged", text: `Part of INC-${first.number}`, by: null });
    placing.touched.add(other.id);
    open.splice(open.indexOf(other), 1);
  }
  const { subject, title, cause, path } = problem;
  const renamed = await tx
    .updateTable("incidents")
    .set({ root, subject, title, cause, path, version: first.version + 1, updated_at: at })
    .where("id", "=", first.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const merged =
    others.length === 0 ? "" : `, with ${others.map(({ number }) => `INC-${number}`).join(", ")}`;
  entries.push({
    incidentId: first.id,
    at,
    kind: "cause",
    text: `Root cause found: ${subject}${merged}`,
    by: null,
  });
  open.splice(open.indexOf(first), 1, renamed);
  return renamed;
}

/** One that cleared lately returns; one resolved by hand takes further alerts quietly until it has cleared. */
async function reopened(
  tx: Tx,
  organizationId: string,
  root: string,
  { of, placing }: { of: Of; placing: Placing },
): Promise<IncidentRecord | undefined> {
  const { at, entries } = of;
  const recent = await lockRecent(tx, organizationId, root, new Date(at.getTime() - reopenedWithinMs));
  if (!recent) return undefined;
  if (recent.resolved_by !== null) return recent.firing > 0 ? recent : undefined;
  placing.touched.add(recent.id);
  entries.push({
    incidentId: recent.id,
    at,
    kind: "reopened",
    text: "Fired again after it had cleared",
    by: null,
  });
  return tx
    .updateTable("incidents")
    .set({
      status: "open",
      resolved_at: null,
      reopened_at: at,
      acknowledged_at: null,
      acknowledged_by: null,
      announced_at: null,
      announced_severity: null,
      version: recent.version + 1,
      updated_at: at,
    })
    .where("id", "=", recent.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * What began to fail while its cause was down, and fires when that has just recovered, belongs to the incident of the
 * cause.
 */
async function recovering(
  tx: Tx,
  organizationId: string,
  of: { root: string; alerts: readonly Alert[]; open: readonly IncidentRecord[]; look: Look },
): Promise<IncidentRecord | undefined> {
  const needed = of.look.needs(of.root);
  const causes = of.open.filter(({ root }) => needed.includes(root));
  if (causes.length === 0) return undefined;
  const heldSinceMs = Math.max(...of.alerts.map((alert) => alert.heldSinceMs ?? Number.POSITIVE_INFINITY));
  if (!Number.isFinite(heldSinceMs)) return undefined;
  const found = await tx
    .selectFrom("alert_instances")
    .select("incident_id")
    .where("org_id", "=", organizationId)
    .where(
      "incident_id",
      "in",
      causes.map(({ id }) => id),
    )
    .where(
      "node",
      "in",
      causes.map(({ root }) => root),
    )
    .where("severity", "=", "critical")
    .where(
      sql<boolean>`coalesce(clearing_since, case when state = 'resolved' then since end) >= ${new Date(heldSinceMs)}`,
    )
    .limit(1)
    .executeTakeFirst();
  return causes.find(({ id }) => id === found?.incident_id);
}

async function begun(
  tx: Tx,
  organizationId: string,
  { root, alerts, of, placing }: { root: string; alerts: readonly Alert[]; of: Of; placing: Placing },
): Promise<IncidentRecord> {
  const [first] = [...alerts].sort(
    (a, b) =>
      Number(problemNodeOf(b) === root) - Number(problemNodeOf(a) === root) ||
      worstFirst[a.rule.definition.severity] - worstFirst[b.rule.definition.severity],
  );
  if (!first) throw new Error("an incident begins with an alert");
  const { severity, owner, runbook } = first.rule.definition;
  const startedMs = Math.min(...alerts.map(({ heldSinceMs }) => heldSinceMs ?? of.at.getTime()));
  placing.created += 1;
  return insertIncident(tx, {
    ...headlineOf(root, first, of.look),
    organizationId,
    root,
    severity,
    ruleKey: first.rule.key,
    labels: labelsOf(first, of.look),
    owner,
    runbook,
    startedAt: new Date(startedMs),
  });
}
