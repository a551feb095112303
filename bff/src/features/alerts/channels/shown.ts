import type { AuditEntry } from "#lib/change.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";

/** The signed-in person. @throws 403 for a token, which nobody can call. */
export function personOf({ actor }: RequestContext): string {
  if (actor.type !== "user" || actor.id === null)
    throw new AppError("forbidden", "This belongs to a person; an API token has none.");
  return actor.id;
}

export type Shown = { id: string; kind: string; name: string };
/** What the trail keeps of a channel; of a person's own only what it is. */
export const auditOf = (row: Shown & { hint: string; least_severity?: string }) => ({
  kind: row.kind,
  name: row.name,
  ...(row.least_severity === undefined ? {} : { hint: row.hint, leastSeverity: row.least_severity }),
});
export const targetOf = (
  type: "alert-channel" | "alert-contact",
  { id, name }: Shown,
): AuditEntry["targets"] => [{ type, id, name }];

/** What may be shown of a key. */
export const endOf = (key: string) => `…${key.slice(-4)}`;
/** What may be shown of an address. */
export const hintOfAddress = (address: string) => new URL(address).host;
