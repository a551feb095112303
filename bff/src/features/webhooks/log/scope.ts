import { invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";

/** The organizations that a request reads. */
export const organizationsOf = (includeChildren: boolean, { organization, subtreeIds }: RequestContext) =>
  includeChildren ? [...new Set([organization.id, ...subtreeIds])] : [organization.id];

/** @throws AppError naming the field when a range ends before it begins. */
export function assertRange({ from, to }: { from?: string | undefined; to?: string | undefined }) {
  if (from && to && Date.parse(from) >= Date.parse(to))
    throw invalidField("query.from", "must be before query.to");
}
