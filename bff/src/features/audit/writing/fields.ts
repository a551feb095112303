import { type AuditAction, keptFieldsOf } from "@wheelhouse/shared/audit-actions.ts";
import type { AuditEntry, AuditFields } from "#lib/change.ts";

/** For refused and failed attempts of any kind, the trail also keeps how often they were repeated. */
const fieldsOfAttempt = ["repeats"];

/**
 * The fields that the trail keeps of an action. Their values are still checked for secrets (`redaction.ts`).
 * @param action an audit action, or the capability that an attempt lacked.
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

/** Names of fields that were passed but `allowedFields` drops. */
export const leftOut = (action: AuditAction, { before, after }: AuditEntry): string[] => {
  const kept = keptFieldsOf.get(action) ?? [];
  return Object.keys({ ...before, ...after }).filter((name) => !kept.includes(name));
};
