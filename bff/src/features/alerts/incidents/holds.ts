import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { isMatched } from "../silences/silences.ts";
import { firingOf, type IncidentRecord, silencesInForce } from "./store.ts";
import type { Look } from "./texts.ts";

/**
 * Why nobody is notified of incidents now, by id: snoozed by a person, or all that fires is silenced or in maintenance.
 * What is not held has no entry.
 */
export async function readHolds(
  tx: Transaction<Tables>,
  organizationId: string,
  of: { incidents: readonly IncidentRecord[]; look: Look | null; at: Date },
): Promise<ReadonlyMap<string, string>> {
  const { incidents, look, at } = of;
  const holds = new Map<string, string>();
  if (incidents.length === 0) return holds;
  const silences = await silencesInForce(tx, organizationId, at);
  const firing = await firingOf(
    tx,
    organizationId,
    incidents.map(({ id }) => id),
  );
  for (const { id, snoozed_until } of incidents) {
    const mine = firing.filter(({ incident_id }) => incident_id === id);
    if (snoozed_until !== null && snoozed_until > at) {
      holds.set(id, "Snoozed");
      continue;
    }
    if (mine.length === 0) continue;
    const reasons = mine.map(({ node, labels }) => {
      if (look?.of(node).check === "maintenance") return "Maintenance";
      const found = silences.find(({ matchers }) => isMatched(matchers, labels));
      return found === undefined ? null : `Silenced: ${found.reason}`;
    });
    const [first] = reasons;
    if (first !== undefined && first !== null && reasons.every((reason) => reason !== null))
      holds.set(id, first.slice(0, 200));
  }
  return holds;
}
