import type { Severity } from "@wheelhouse/shared/alerts/rules.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";

export type AnnouncedEvent = "fired" | "reopened" | "resolved" | "acknowledged" | "escalated";
export type Announcement = {
  organizationId: string;
  incidentId: string;
  event: AnnouncedEvent;
  severity: Severity;
  title: string;
  summary: string;
  /** Below `/o/:org/`. */
  path: string;
  labels: Readonly<Record<string, string>>;
  startedAt: string;
};

/** Who tells people. Both run in the transaction of the change, so that nothing is lost or told twice. */
export type Notifications = {
  announce(tx: Transaction<Tables>, announcement: Announcement): Promise<unknown>;
  /** Stops all that is pending of an incident. */
  withdraw(tx: Transaction<Tables>, organizationId: string, incidentId: string): Promise<unknown>;
};
