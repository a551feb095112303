import type { Severity } from "@wheelhouse/shared/alerts/rules.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { type Alert, isFlapping, type Phase } from "../evaluation/evaluation.ts";
import type { Notifications } from "./announcing.ts";
import { readHolds } from "./holds.ts";
import { createPlacing } from "./placing.ts";
import {
  type AlertCounts,
  addEntries,
  countAlerts,
  dropAlerts,
  type Entry,
  type IncidentRecord,
  lockIncidents,
  type StoredAlert,
  writeAlerts,
} from "./store.ts";
import { type Look, labelsOf, nameOf, pathOf, problemNodeOf, textOf } from "./texts.ts";

type Tx = Transaction<Tables>;
/** An alert as it was when the transaction began. */
export type Changed = { alert: Alert; phase: Phase | null };
export type Recorded = {
  /** Incidents of alerts that began to fire. */
  placed: ReadonlyMap<Alert, string>;
  changedIds: readonly string[];
  created: number;
};

const rank: Record<Severity, number> = { info: 0, warning: 1, critical: 2 };
const iso = (ms: number) => new Date(ms).toISOString();
const isoOrNull = (ms: number | null) => (ms === null ? null : iso(ms));
const mostAffected = 50;

/**
 * Stores what an evaluation found in one transaction: alerts, the incidents that they belong to, their time lines, and
 * what people are to be told.
 */
export function createRecorder(notifications: Notifications) {
  const place = createPlacing();
  const tell = (tx: Tx, incident: IncidentRecord, event: Parameters<Notifications["announce"]>[1]["event"]) =>
    notifications.announce(tx, announcementOf(incident, event));

  return async (
    tx: Tx,
    organizationId: string,
    of: { changed: readonly Changed[]; due: readonly string[]; look: Look; nowMs: number },
  ): Promise<Recorded> => {
    const { changed, due, look, nowMs } = of;
    const at = new Date(nowMs);
    const entries: Entry[] = [];
    const fresh = changed.filter(
      ({ alert, phase }) => phase?.state === "firing" && alert.incidentId === null,
    );
    const placing = await place(tx, organizationId, {
      fresh: fresh.map(({ alert }) => alert),
      look,
      at,
      entries,
    });
    const incidentOf = (alert: Alert) => placing.placed.get(alert) ?? alert.incidentId;
    await dropAlerts(
      tx,
      organizationId,
      changed.flatMap(({ alert, phase }) =>
        phase === null ? [{ rule_key: alert.rule.key, node: alert.node }] : [],
      ),
    );
    await writeAlerts(
      tx,
      organizationId,
      changed.flatMap(({ alert, phase }) =>
        phase === null ? [] : [storedOf(alert, phase, { look, incidentId: incidentOf(alert) })],
      ),
    );
    noteNoData(
      changed.filter((each) => !fresh.includes(each)),
      { entries, at, look, incidentOf },
    );
    const touched = [
      ...new Set([...changed.flatMap(({ alert }) => incidentOf(alert) ?? []), ...placing.touched, ...due]),
    ];
    const quietly = new Set(
      changed.flatMap(({ alert }) => (alert.isRuleGone ? (incidentOf(alert) ?? []) : [])),
    );
    const incidents = await lockIncidents(tx, organizationId, touched);
    const counts = await countAlerts(tx, organizationId, touched);
    const began = new Set(fresh.map(({ alert }) => alert));
    const settled: IncidentRecord[] = [];
    for (const incident of incidents) {
      const next = settle(incident, counts.get(incident.id), {
        changed,
        began,
        incidentOf,
        look,
        at,
        entries,
      });
      settled.push(await save(tx, incident, next));
    }
    await announceAll(tx, organizationId, { incidents: settled, quietly, look, at, entries });
    await addEntries(tx, organizationId, entries);
    return { placed: placing.placed, changedIds: incidents.map(({ id }) => id), created: placing.created };
  };

  async function announceAll(
    tx: Tx,
    organizationId: string,
    of: {
      incidents: readonly IncidentRecord[];
      quietly: ReadonlySet<string>;
      look: Look;
      at: Date;
      entries: Entry[];
    },
  ) {
    const { incidents, quietly, look, at, entries } = of;
    const holds = await readHolds(tx, organizationId, {
      incidents: incidents.filter(({ status }) => status === "open"),
      look,
      at,
    });
    for (const incident of incidents) {
      if (incident.status === "resolved") {
        if (!incident.was_announced || incident.resolved_at?.getTime() !== at.getTime()) continue;
        await notifications.withdraw(tx, organizationId, incident.id);
        if (!quietly.has(incident.id)) await tell(tx, incident, "resolved");
        await change(tx, incident, { was_announced: false });
        continue;
      }
      const heldBy = holds.get(incident.id) ?? null;
      if (heldBy !== incident.held_by) {
        await change(tx, incident, { held_by: heldBy });
        if (heldBy !== null)
          entries.push({
            incidentId: incident.id,
            at,
            kind: "held",
            text: `Nobody is notified. ${heldBy}`,
            by: null,
          });
      }
      if (heldBy !== null) continue;
      const event = eventOf(incident);
      if (event === null) continue;
      await tell(tx, incident, event);
      await change(tx, incident, {
        announced_at: at,
        announced_severity: incident.severity,
        was_announced: true,
        ...(event === "escalated" ? { acknowledged_at: null, acknowledged_by: null } : {}),
      });
    }
  }
}

/** What is told of an incident. */
export const announcementOf = (
  incident: IncidentRecord,
  event: Parameters<Notifications["announce"]>[1]["event"],
): Parameters<Notifications["announce"]>[1] => ({
  organizationId: incident.org_id,
  incidentId: incident.id,
  event,
  severity: incident.severity,
  title: `${incident.subject}: ${incident.title}`,
  summary: incident.cause,
  path: `alerts?incident=${incident.number}`,
  labels: incident.labels,
  startedAt: incident.started_at.toISOString(),
});

/** What there is to tell of an open incident that nothing holds; null when all is told. */
function eventOf(incident: IncidentRecord) {
  const told = incident.announced_severity;
  const isWorse = told !== null && rank[incident.severity] > (rank[told as Severity] ?? 0);
  if (incident.announced_at !== null) return isWorse ? "escalated" : null;
  if (incident.acknowledged_at !== null) return null;
  return incident.was_announced || incident.reopened_at !== null ? "reopened" : "fired";
}

type Changes = Partial<
  Pick<
    IncidentRecord,
    | "status"
    | "severity"
    | "subject"
    | "title"
    | "cause"
    | "path"
    | "alerts"
    | "firing"
    | "affected_count"
    | "has_data"
    | "is_flapping"
    | "resolved_at"
    | "held_by"
    | "announced_at"
    | "announced_severity"
    | "was_announced"
    | "acknowledged_at"
    | "acknowledged_by"
  >
> & { affected?: string };

async function change(tx: Tx, incident: IncidentRecord, changes: Changes): Promise<IncidentRecord> {
  return tx
    .updateTable("incidents")
    .set({ ...changes, version: incident.version + 1, updated_at: new Date() })
    .where("org_id", "=", incident.org_id)
    .where("id", "=", incident.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

const save = (tx: Tx, incident: IncidentRecord, changes: Changes | null) =>
  changes === null ? incident : change(tx, incident, changes);

type Settling = {
  changed: readonly Changed[];
  /** Alerts that began to fire. */
  began: ReadonlySet<Alert>;
  incidentOf(alert: Alert): string | null;
  look: Look;
  at: Date;
  entries: Entry[];
};

/** What becomes of an incident with its alerts; null when nothing does. */
function settle(incident: IncidentRecord, counts: AlertCounts | undefined, of: Settling): Changes | null {
  const { changed, incidentOf, look, at, entries } = of;
  const mine = changed.filter(({ alert }) => incidentOf(alert) === incident.id);
  const firing = counts?.firing ?? 0;
  noteChanges(incident, mine, of);
  if (incident.status === "resolved") return firing === incident.firing ? null : { firing };
  if (firing === 0) {
    entries.push({
      incidentId: incident.id,
      at,
      kind: "resolved",
      text: "Resolved: all alerts cleared",
      by: null,
    });
    return { status: "resolved", firing, resolved_at: at, held_by: null, has_data: true };
  }
  const severity: Severity = counts?.isCritical ? "critical" : counts?.isWarning ? "warning" : "info";
  const began = mine.filter(({ alert }) => of.began.has(alert));
  const effects = look.effects(incident.root);
  const problem = look.of(incident.root).problem;
  const flapping = mine.some(({ phase }) => phase !== null && isFlapping(phase, at.getTime()));
  if (flapping && !incident.is_flapping)
    entries.push({
      incidentId: incident.id,
      at,
      kind: "flapping",
      text: "Flapping: fired three times within half an hour, so it resolves only after a longer calm",
      by: null,
    });
  const isMore = effects.length > incident.affected_count;
  const next: Changes = {
    firing,
    alerts: Math.max(incident.alerts + began.length, firing),
    // Only what it has been at worst is told; it does not sink before it ends.
    severity: rank[severity] > rank[incident.severity] ? severity : incident.severity,
    has_data: (counts?.silent ?? 0) === 0,
    is_flapping: incident.is_flapping || flapping,
    ...(isMore
      ? {
          affected_count: effects.length,
          affected: JSON.stringify(
            effects
              .slice(0, mostAffected)
              .map(({ subject, state, path }) => ({ name: subject, state, path })),
          ),
        }
      : {}),
    ...(problem
      ? { subject: problem.subject, title: problem.title, cause: problem.cause, path: problem.path }
      : {}),
  };
  const isSame = Object.entries(next).every(
    ([key, value]) => key !== "affected" && incident[key as keyof IncidentRecord] === value,
  );
  return isSame && !isMore ? null : next;
}

/** One line of the time line for all that happened to the alerts of an incident at once. */
function noteChanges(incident: IncidentRecord, mine: readonly Changed[], of: Settling) {
  const { look, at, entries } = of;
  const add = (kind: string, text: string, atMs = at.getTime()) =>
    entries.push({ incidentId: incident.id, at: new Date(atMs), kind, text, by: null });
  const began = mine.filter(({ alert }) => of.began.has(alert));
  const named = (alerts: readonly Changed[]) => {
    const names = [...new Set(alerts.map(({ alert }) => nameOf(alert.node, look)))];
    return names.length <= 3
      ? names.join(", ")
      : `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
  };
  const own = began.find(({ alert }) => problemNodeOf(alert) === incident.root) ?? began[0];
  const isNew = incident.alerts === 0;
  if (own && isNew) {
    const { heldSinceMs, rule } = own.alert;
    if (heldSinceMs !== null && heldSinceMs < at.getTime())
      add("pending", `Pending: ${nameOf(own.alert.node, look)}, ${textOf(own.alert, look)}`, heldSinceMs);
    add("fired", `Fired: ${nameOf(own.alert.node, look)}, ${textOf(own.alert, look)} (rule ${rule.key})`);
  }
  const grouped = isNew ? began.filter((each) => each !== own) : began;
  if (grouped.length > 0)
    add(
      "grouped",
      `${named(grouped)} fired, grouped here${grouped.length > 1 ? ` (${grouped.length} alerts)` : ""}`,
    );
  const cleared = mine.filter(({ phase }) => phase?.state === "resolved");
  if (cleared.length > 0) add("cleared", `${named(cleared)} cleared`);
  const gone = mine.filter(({ alert, phase }) => phase === null && alert.isRuleGone);
  if (gone.length > 0) add("cleared", `${named(gone)}: the rule no longer watches it`);
}

function noteNoData(
  changed: readonly Changed[],
  of: { entries: Entry[]; at: Date; look: Look; incidentOf(alert: Alert): string | null },
) {
  for (const { alert, phase } of changed) {
    const incidentId = of.incidentOf(alert);
    if (incidentId === null || phase?.state !== "firing" || phase.noDataSinceMs === null) continue;
    of.entries.push({
      incidentId,
      at: of.at,
      kind: "no-data",
      text: `No data: ${nameOf(alert.node, of.look)}. It stays open until there is`,
      by: null,
    });
  }
}

function storedOf(alert: Alert, phase: Phase, of: { look: Look; incidentId: string | null }): StoredAlert {
  const { rule, node, value } = alert;
  return {
    rule_key: rule.key,
    node,
    state: phase.state,
    severity: rule.definition.severity,
    name: nameOf(problemNodeOf(alert), of.look),
    text: textOf(alert, of.look),
    path: of.look.of(problemNodeOf(alert)).problem?.path ?? pathOf(node),
    value,
    since: iso(phase.sinceMs),
    clearing_since: isoOrNull(phase.clearingSinceMs),
    no_data_since: isoOrNull(phase.noDataSinceMs),
    fires: phase.fires.map(iso),
    incident_id: of.incidentId,
    labels: labelsOf(alert, of.look),
  };
}
