import { type AuditAction, keptFieldsOf } from "@wheelhouse/shared/audit-actions.ts";
import type { AuditEntry, AuditFields } from "#lib/change.ts";

/** Of a refused or failed attempt, whatever it aimed at, the trail also keeps how often it was repeated. */
const fieldsOfAttempt = ["repeats"];

/**
 * The fields that the trail keeps of such an act. What is kept is searched for secrets nevertheless (`audit-redaction.ts`).
 * @param action of the product, or the capability that an attempt lacked.
 */
export function allowedFields<F extends AuditFields | null | undefined>(
  action: string,
  result: "success" | "denied" | "failure",
  fields: F,
): AuditFields | F {
  if (!fields) return fields;
  const allowed = [...(keptFieldsOf.get(action) ?? []), ...(result === "success" ? [] : fieldsOfAttempt)];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => allowed.includes(name)));
}

/** Names of fields that somebody hands over and `allowedFields` drops. */
export const leftOut = (action: AuditAction, { before, after }: AuditEntry): string[] => {
  const kept = keptFieldsOf.get(action) ?? [];
  return Object.keys({ ...before, ...after }).filter((name) => !kept.includes(name));
};
