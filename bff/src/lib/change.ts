import type { AuditAction } from "@wheelhouse/shared/endpoint.ts";
import type { Transaction } from "kysely";
import type { RequestContext } from "#lib/request-context.ts";
import type { Tables } from "#lib/tables.ts";

export type AuditTarget = { type: string; id: string; name: string };
export type AuditFields = Record<string, string | number | boolean | null | string[]>;

/** What the trail keeps of a change; never a secret, a token or a whole payload. */
export type AuditEntry = {
  targets: AuditTarget[];
  before?: AuditFields | null;
  after?: AuditFields | null;
  reason?: string | null;
};

/**
 * The only way to change organization-owned data on behalf of someone: `work` runs in one transaction of the
 * application's role, limited to the context's organization by row-level security, and its audit row is written in
 * the same transaction. If the row cannot be written, nothing happened.
 */
export type Changes = {
  run<T>(
    context: RequestContext,
    action: AuditAction,
    work: (tx: Transaction<Tables>) => Promise<{ result: T; audit: AuditEntry }>,
  ): Promise<T>;
  /** The same for an act of Wheelhouse itself (e.g. a receiver answered 410), as role `system`. */
  runAsSystem<T>(
    organizationId: string,
    actorDisplay: string,
    action: AuditAction,
    work: (tx: Transaction<Tables>) => Promise<{ result: T; audit: AuditEntry }>,
  ): Promise<T>;
};
