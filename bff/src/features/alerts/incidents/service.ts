import {
  acknowledgeIncident,
  assignIncident,
  type IncidentRow,
  noteIncident,
  resolveIncident,
  snoozeIncident,
} from "@wheelhouse/shared/alerts/incidents.ts";
import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AuditFields } from "#lib/change.ts";
import type { Core } from "#lib/feature.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Notifications } from "./announcing.ts";
import { readHolds } from "./holds.ts";
import { announcementOf } from "./recorder.ts";
import { addEntries, type IncidentRecord, lockOpen } from "./store.ts";
import { rowOf } from "./views.ts";

type Tx = Transaction<Tables>;
type Act = {
  changes: Partial<
    Pick<
      IncidentRecord,
      | "status"
      | "acknowledged_at"
      | "acknowledged_by"
      | "assigned_to"
      | "snoozed_until"
      | "announced_at"
      | "was_announced"
      | "resolved_at"
      | "resolved_by"
      | "held_by"
    >
  >;
  entry: { kind: string; text: string };
  after: AuditFields;
  reason?: string;
};

const targetOf = ({ id, number, subject, title }: IncidentRecord) => ({
  type: "incident",
  id,
  name: `INC-${number} ${subject}: ${title}`.slice(0, 200),
});

/** Changes the row and adds the line of its time line. */
async function apply(
  tx: Tx,
  incident: IncidentRecord,
  { decided, at, by }: { decided: Act; at: Date; by: string },
): Promise<IncidentRecord> {
  const row = await tx
    .updateTable("incidents")
    .set({ ...decided.changes, version: incident.version + 1, updated_at: at })
    .where("org_id", "=", incident.org_id)
    .where("id", "=", incident.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const { kind, text } = decided.entry;
  await addEntries(tx, incident.org_id, [{ incidentId: incident.id, at, kind, text, by }]);
  return row;
}

const longestSnoozeMs = 7 * 86_400_000;

/** What people do with incidents; each under the lock of its row, with its line in the time line and the trail. */
export function createIncidentActs({
  changes,
  events,
  clock,
  notifications,
}: Pick<Core, "changes" | "events" | "clock"> & { notifications: Notifications }) {
  const now = () => new Date(clock.now());

  const act = async (
    wanted: number | string,
    context: RequestContext,
    action: AuditAction,
    decide: (incident: IncidentRecord, tx: Tx, at: Date) => Promise<Act | null> | Act | null,
  ): Promise<IncidentRow> => {
    const { organization, actor } = context;
    let changedId = "";
    const result = await changes.run(context, action, async (tx) => {
      const incident = await tx
        .selectFrom("incidents")
        .selectAll()
        .where("org_id", "=", organization.id)
        .where((where) =>
          typeof wanted === "number" ? where("number", "=", wanted) : where("id", "=", wanted),
        )
        .forUpdate()
        .executeTakeFirst();
      if (!incident) throw notFound("incident");
      const at = now();
      const decided = await decide(incident, tx, at);
      const targets = [targetOf(incident)];
      if (decided === null) return { result: rowOf(incident), audit: { targets, before: null, after: null } };
      const row = await apply(tx, incident, { decided, at, by: actor.display });
      changedId = incident.id;
      const before = { status: incident.status, acknowledgedBy: incident.acknowledged_by };
      return {
        result: rowOf(row),
        audit: { targets, before, after: decided.after, reason: decided.reason ?? null },
      };
    });
    if (changedId !== "")
      events.emit("incidents.changed", { organizationId: organization.id, ids: [changedId], created: 0 });
    return result;
  };

  const acknowledging =
    (by: string) =>
    async (incident: IncidentRecord, tx: Tx): Promise<Act | null> => {
      stillOpen(incident);
      if (incident.acknowledged_at !== null) return null;
      await notifications.withdraw(tx, incident.org_id, incident.id);
      await notifications.announce(tx, announcementOf(incident, "acknowledged"));
      return {
        changes: { acknowledged_at: now(), acknowledged_by: by },
        entry: { kind: "acknowledged", text: `Acknowledged by ${by}` },
        after: { status: incident.status, acknowledgedBy: by },
      };
    };

  const stillOpen = ({ status, number }: IncidentRecord) => {
    if (status === "resolved") throw new AppError("conflict", `INC-${number} has been resolved.`);
  };

  return {
    /** Somebody else's acknowledgement stands: a second one changes nothing. */
    acknowledge: (number: number, context: RequestContext) =>
      act(number, context, acknowledgeIncident.action, acknowledging(context.actor.display)),

    acknowledgeById: (id: string, context: RequestContext) =>
      act(id, context, acknowledgeIncident.action, acknowledging(context.actor.display)),

    /** @returns false if it is over or taken already */
    async acknowledgeByLink(given: {
      organizationId: string;
      incidentId: string;
      by: string;
    }): Promise<boolean> {
      const { organizationId, incidentId, by } = given;
      const isTaken = await changes.runAsSystem(
        organizationId,
        by,
        acknowledgeIncident.action,
        async (tx) => {
          const incident = await tx
            .selectFrom("incidents")
            .selectAll()
            .where("org_id", "=", organizationId)
            .where("id", "=", incidentId)
            .forUpdate()
            .executeTakeFirst();
          const targets = incident ? [targetOf(incident)] : [];
          if (incident === undefined || incident.status === "resolved" || incident.acknowledged_at !== null)
            return { result: false, audit: { targets, outcome: "failure" } };
          const at = now();
          const decided = await acknowledging(by)(incident, tx);
          if (decided !== null) await apply(tx, incident, { decided, at, by });
          return { result: true, audit: { targets, before: null, after: { acknowledgedBy: by } } };
        },
      );
      if (isTaken) events.emit("incidents.changed", { organizationId, ids: [incidentId], created: 0 });
      return isTaken;
    },

    assign: (number: number, to: string | null, context: RequestContext) =>
      act(number, context, assignIncident.action, (incident) => {
        stillOpen(incident);
        return {
          changes: { assigned_to: to },
          entry: { kind: "assigned", text: to === null ? "Assigned to nobody" : `Assigned to ${to}` },
          after: { assignedTo: to },
        };
      }),

    note: (number: number, text: string, context: RequestContext) =>
      act(number, context, noteIncident.action, () => ({
        changes: {},
        entry: { kind: "note", text },
        after: { note: text },
      })),

    snooze: (number: number, until: string, context: RequestContext) =>
      act(number, context, snoozeIncident.action, async (incident, tx, at) => {
        stillOpen(incident);
        const untilMs = Date.parse(until);
        if (untilMs <= at.getTime()) throw invalidField("body.until", "must be in the future");
        if (untilMs - at.getTime() > longestSnoozeMs)
          throw invalidField("body.until", "must be within the next 7 days");
        await notifications.withdraw(tx, incident.org_id, incident.id);
        const shown = `${until.slice(0, 10)} ${until.slice(11, 16)}`;
        return {
          changes: { snoozed_until: new Date(untilMs), announced_at: null, held_by: "Snoozed" },
          entry: { kind: "snoozed", text: `Snoozed until ${shown} UTC` },
          after: { snoozedUntil: until },
        };
      }),

    resolve: (number: number, reason: string, context: RequestContext) =>
      act(number, context, resolveIncident.action, async (incident, tx, at) => {
        stillOpen(incident);
        const by = context.actor.display;
        await notifications.withdraw(tx, incident.org_id, incident.id);
        if (incident.was_announced) await notifications.announce(tx, announcementOf(incident, "resolved"));
        return {
          changes: {
            status: "resolved",
            resolved_at: at,
            resolved_by: by,
            was_announced: false,
            held_by: null,
          },
          entry: { kind: "resolved", text: `Resolved by ${by}: ${reason}` },
          after: { status: "resolved" },
          reason,
        };
      }),

    /** Takes back what is pending of open incidents that are silenced now; it is told again when that ends. */
    async hold(tx: Tx, organizationId: string): Promise<void> {
      const at = now();
      const incidents = await lockOpen(tx, organizationId);
      const holds = await readHolds(tx, organizationId, { incidents, look: null, at });
      for (const incident of incidents) {
        const heldBy = holds.get(incident.id);
        if (heldBy === undefined || incident.held_by !== null) continue;
        await notifications.withdraw(tx, organizationId, incident.id);
        await tx
          .updateTable("incidents")
          .set({ announced_at: null, held_by: heldBy, version: incident.version + 1, updated_at: at })
          .where("id", "=", incident.id)
          .execute();
        await addEntries(tx, organizationId, [
          { incidentId: incident.id, at, kind: "held", text: `Nobody is notified. ${heldBy}`, by: null },
        ]);
      }
    },
  };
}
export type IncidentActs = ReturnType<typeof createIncidentActs>;
