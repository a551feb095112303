import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { Transaction } from "kysely";
import type { Logger } from "pino";
import type { Tables } from "#database/tables.ts";
import type { ActOrigin, AuditEntry, AuditTrail, Changes } from "#lib/change.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import { leftOut } from "./fields.ts";
import { claimOf, keepIdempotentResult, takeIdempotencyKey } from "./idempotency.ts";
import { beginAct, writeAct } from "./write.ts";

type ChangesDeps = {
  database: Database;
  /** Seals results stored under an Idempotency-Key. */
  box: SecretBox;
  /** Called after COMMIT, e.g. for the live list; not called for readings of the trail. */
  onAuditCommitted?: (organizationId: string, auditId: string) => void;
  log: Logger;
};

/** The only way to make a change (`run`, `runAsSystem`) or to record an action without one (`recordAct`). */
export function createChanges({
  database,
  box,
  onAuditCommitted = () => {},
  log,
}: ChangesDeps): Changes & AuditTrail {
  const tell = (organizationId: string, auditId: string) => {
    try {
      onAuditCommitted(organizationId, auditId);
    } catch (err) {
      // The change is already committed, so a failing listener must not turn it into an error.
      log.error({ err, auditId }, "a listener of the audit trail failed");
    }
  };

  const write = (
    tx: Transaction<Tables>,
    begun: { id: string; recordedAt: string },
    origin: ActOrigin,
    action: AuditAction,
    entry: AuditEntry,
  ) => {
    const fields = leftOut(action, entry);
    // Reported here, because otherwise only an auditor would notice the missing fields.
    if (fields.length > 0)
      log.error({ action, fields }, "fields are not listed in `keeps` of the endpoint and were dropped");
    return writeAct(tx, begun, origin, { action, outcome: entry.outcome ?? "success", entry });
  };

  return {
    async run(context, action, work) {
      const claim = claimOf(context);
      const done = await database.app.transaction().execute(async (tx) => {
        const begun = await beginAct(tx, [context.organization.id], context.actor);
        const earlier = claim && (await takeIdempotencyKey(tx, claim, box));
        if (earlier !== undefined) return { earlier };
        const { result, audit } = await work(tx);
        if (claim) await keepIdempotentResult(tx, claim, result, box);
        await write(tx, begun, context, action, audit);
        return { result, auditId: begun.id };
      });
      if ("earlier" in done) return JSON.parse(done.earlier);
      tell(context.organization.id, done.auditId);
      return done.result;
    },

    async runAsSystem(organizationId, actorDisplay, action, work) {
      const done = await database.system.transaction().execute(async (tx) => {
        const begun = await beginAct(tx, [organizationId]);
        const organization = await tx
          .selectFrom("organizations")
          .select(["id", "slug", "name"])
          .where("id", "=", organizationId)
          .executeTakeFirstOrThrow();
        const { result, audit } = await work(tx);
        await write(tx, begun, { ...systemOrigin(actorDisplay), organization }, action, audit);
        return { result, auditId: begun.id };
      });
      tell(organizationId, done.auditId);
      return done.result;
    },

    async recordAct(origin, action, entry) {
      const auditId = await database.app.transaction().execute(async (tx) => {
        const begun = await beginAct(tx, [origin.organization.id]);
        await write(tx, begun, origin, action, entry);
        return begun.id;
      });
      // Otherwise, watching the trail would write to the trail being watched.
      if (action !== "audit.trail.read") tell(origin.organization.id, auditId);
    },
  };
}

const systemOrigin = (display: string): Omit<ActOrigin, "organization"> => ({
  actor: {
    type: "system",
    id: null,
    display,
    authMethod: "internal",
    sessionId: null,
    can: () => ({ in: () => ({ check: () => false }) }),
  },
  requestId: "",
  address: null,
  userAgent: null,
});
