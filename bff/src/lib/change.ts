import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { Capability } from "@wheelhouse/shared/capabilities.ts";
import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { RequestContext } from "#lib/http/request-context.ts";

export type AuditTarget = { type: string; id: string; name: string };
export type AuditFields = Record<string, string | number | boolean | null | string[]>;

/** What the trail stores about a change; never a secret, a token or a whole payload. */
export type AuditEntry = {
  /** Set if something was accepted before and then failed. */
  outcome?: "failure";
  targets: AuditTarget[];
  before?: AuditFields | null;
  after?: AuditFields | null;
  reason?: string | null;
};

/**
 * The only way to change organization-owned data on behalf of someone: `work` runs in one transaction of the
 * application's role, limited to the context's organization by row-level security, and its audit row is written in the
 * same transaction. If the row cannot be written, nothing happens.
 *
 * With an Idempotency-Key in the context the result is stored for 24 h in the same transaction: the same request again
 * receives it without running `work`, and another request under the same key gets 409. So `result` has to be plain
 * JSON.
 */
export type Changes = {
  run<T>(
    context: RequestContext,
    action: AuditAction,
    work: (tx: Transaction<Tables>) => Promise<{ result: T; audit: AuditEntry }>,
  ): Promise<T>;
  /** The same for an action of Wheelhouse itself (e.g. after a receiver answered 410), as role `system`. */
  runAsSystem<T>(
    organizationId: string,
    actorDisplay: string,
    action: AuditAction,
    work: (tx: Transaction<Tables>) => Promise<{ result: T; audit: AuditEntry }>,
  ): Promise<T>;
};

/** The actor, organization and request that every audit event names. */
export type ActOrigin = Pick<
  RequestContext,
  "actor" | "organization" | "requestId" | "address" | "userAgent"
>;

export type AuditTrail = {
  /** Records an action that changes no table (a check, a read), in a transaction of its own. */
  recordAct(origin: ActOrigin, action: AuditAction, entry: AuditEntry): Promise<void>;
};

/** Records refused and failed attempts, in transactions of their own, so that they outlive the failed one. */
export type Denials = {
  /**
   * Writes the first attempt at once; repeats by the same actor of the same action in the same organization are counted
   * and written as one event at the end of the minute. Never throws: attempts that cannot be written now stay counted.
   */
  record(
    origin: ActOrigin,
    attempt: {
      action: NonNullable<Endpoint["action"]> | Capability;
      outcome: "denied" | "failure";
      reason: string;
      targets?: AuditTarget[];
    },
  ): Promise<void>;
  /** Writes the pending counts; call it last before closing the database. */
  close(): Promise<void>;
};
