import type { AlertView, IncidentEntry, IncidentRow } from "@wheelhouse/shared/alerts/incidents.ts";
import type { Selectable } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AlertRecord, IncidentRecord } from "./store.ts";

const isoOf = (at: Date | null) => at?.toISOString() ?? null;

/** @param mergedInto the number of the incident that it became a part of */
export const rowOf = (row: IncidentRecord, mergedInto: number | null = null): IncidentRow => ({
  id: row.id,
  number: row.number,
  status: row.status,
  severity: row.severity,
  subject: row.subject,
  title: row.title,
  cause: row.cause,
  path: row.path,
  alerts: row.alerts,
  firing: row.firing,
  affectedCount: row.affected_count,
  hasData: row.has_data,
  isFlapping: row.is_flapping,
  startedAt: row.started_at.toISOString(),
  reopenedAt: isoOf(row.reopened_at),
  resolvedAt: isoOf(row.resolved_at),
  resolvedBy: row.resolved_by,
  mergedInto,
  acknowledgedAt: isoOf(row.acknowledged_at),
  acknowledgedBy: row.acknowledged_by,
  assignedTo: row.assigned_to,
  snoozedUntil: isoOf(row.snoozed_until),
  heldBy: row.held_by,
  version: row.version,
});

export const entryOf = (row: Selectable<Tables["incident_entries"]>): IncidentEntry => ({
  id: row.id,
  at: row.at.toISOString(),
  kind: row.kind,
  text: row.text,
  by: row.by,
});

/** @param forMs how long the condition of its rule must hold; null when the rule is not known */
export const alertViewOf = (row: AlertRecord, forMs: number | null): AlertView => ({
  rule: row.rule_key,
  node: row.node,
  name: row.name,
  state: row.state,
  severity: row.severity,
  text: row.text,
  path: row.path,
  value: row.value,
  since: row.since.toISOString(),
  noDataSince: isoOf(row.no_data_since),
  firesAt:
    row.state === "pending" && forMs !== null ? new Date(row.since.getTime() + forMs).toISOString() : null,
});
