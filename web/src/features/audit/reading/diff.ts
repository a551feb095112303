import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";

/** One field before and after; undefined where it did not exist. */
export type FieldChange = {
  field: string;
  before: string | undefined;
  after: string | undefined;
  changed: boolean;
};

/** Compact JSON with sorted keys, so that equal values look equal; strings without quotes. */
const asText = (value: unknown): string => {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
};

/** Fields of both sides, changed ones first, each group sorted by name. */
export const fieldChanges = (event: Pick<AuditEvent, "before" | "after">): FieldChange[] => {
  const before = event.before ?? {};
  const after = event.after ?? {};
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const changes = fields.map((field): FieldChange => {
    const was = Object.hasOwn(before, field) ? asText(before[field]) : undefined;
    const is = Object.hasOwn(after, field) ? asText(after[field]) : undefined;
    return { field, before: was, after: is, changed: was !== is };
  });
  return [...changes.filter((change) => change.changed), ...changes.filter((change) => !change.changed)];
};

/** `b41f 09d2 7ae8 … 5c30`: enough of a hash to compare by eye. */
export const shortHash = (hash: string): string =>
  hash.length <= 20
    ? hash
    : `${hash.slice(0, 4)} ${hash.slice(4, 8)} ${hash.slice(8, 12)} … ${hash.slice(-4)}`;
