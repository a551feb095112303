import type { AuditEvent } from "@wheelhouse/shared/audit.ts";
import { auditOutcomes } from "@wheelhouse/shared/audit-filter.ts";
import { type AuditAction, auditActions } from "@wheelhouse/shared/endpoint.ts";
import { type RawSearch, readList, readText, readTimestamp } from "#lib/search-params.ts";

type Outcome = AuditEvent["outcome"];

/** Everything that the page's address holds, under the names of the API's own parameters. */
export type AuditSearch = {
  actor?: string[] | undefined;
  action?: AuditAction[] | undefined;
  target?: string | undefined;
  outcome?: Outcome[] | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
  /** The event whose drawer is open. */
  event?: string | undefined;
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What cannot be read is dropped, so that an old or mangled link still opens the page. */
export const readAuditSearch = (raw: RawSearch): AuditSearch => ({
  actor: readList(raw, "actor"),
  action: readList(raw, "action", auditActions),
  target: readText(raw, "target"),
  outcome: readList(raw, "outcome", auditOutcomes),
  from: readTimestamp(raw, "from"),
  to: readTimestamp(raw, "to"),
  q: readText(raw, "q"),
  event: readList(raw, "event")?.find((id) => uuid.test(id)),
});
