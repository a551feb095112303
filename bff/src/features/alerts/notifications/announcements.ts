import type { IncidentEvent, Severity } from "@wheelhouse/shared/alerts/notifications.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";

/** What an incident asks to have told. */
export type Announcement = {
  organizationId: string;
  incidentId: string;
  event: IncidentEvent;
  severity: Severity;
  title: string;
  summary: string;
  /** Below `/o/:org`, without a slash at its start. */
  path: string;
  /** Teams choose by them; also `severity`. */
  labels: Readonly<Record<string, string>>;
  startedAt: Date | string;
};

/**
 * Asks to notify the right people of an incident. Written in the transaction that changes the incident, so that neither
 * happens without the other; sent within a second of its commit.
 */
export async function announce(tx: Transaction<Tables>, announcement: Announcement): Promise<void> {
  const { organizationId, incidentId, event, severity, title, summary, path, labels, startedAt } =
    announcement;
  await tx
    .insertInto("alert_announcements")
    .values({
      org_id: organizationId,
      incident_id: incidentId,
      event,
      severity,
      title: title.slice(0, 300),
      summary: summary.slice(0, 2_000),
      path: path.replace(/^\/+/, ""),
      labels: JSON.stringify(labels),
      started_at: new Date(startedAt),
    })
    .execute();
}

/** Events after which people still have to be told that it is over, or taken. */
const calls = ["fired", "reopened", "escalated"] as const;

/**
 * Stops whatever is still to be sent about an incident, and its escalation, when the transaction commits; a message that
 * is under way at that moment is not repeated. What is announced afterwards is sent.
 */
export async function withdraw(
  tx: Transaction<Tables>,
  organizationId: string,
  incidentId: string,
): Promise<void> {
  // Each statement sees what the router committed while the one before it waited.
  await tx
    .deleteFrom("alert_announcements")
    .where("org_id", "=", organizationId)
    .where("incident_id", "=", incidentId)
    .where("event", "in", calls)
    .execute();
  await tx
    .updateTable("alert_calls")
    .set({ state: "acknowledged", next_at: null, updated_at: new Date() })
    .where("org_id", "=", organizationId)
    .where("incident_id", "=", incidentId)
    .where("state", "=", "calling")
    .execute();
  await tx
    .updateTable("notifications")
    .set((eb) => ({
      state: eb
        .case()
        .when("state", "=", "sending")
        .then(eb.val("sending" as const))
        .else(eb.val("cancelled" as const))
        .end(),
      withdrawn_at: new Date(),
    }))
    .where("org_id", "=", organizationId)
    .where("incident_id", "=", incidentId)
    .where("event", "in", calls)
    .where("state", "in", ["pending", "sending", "held"])
    .execute();
}
