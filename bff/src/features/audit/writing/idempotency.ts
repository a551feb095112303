import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";

type Claim = { organizationId: string; actorId: string; key: string; requestHash: Buffer };

export const claimOf = ({ actor, organization, idempotencyKey, requestHash }: RequestContext) =>
  actor.id && idempotencyKey && requestHash
    ? { organizationId: organization.id, actorId: actor.id, key: idempotencyKey, requestHash }
    : undefined;

const purposeOf = ({ organizationId, actorId, key }: Claim) =>
  `idempotency:${organizationId}:${actorId}:${key}`;

/**
 * Claims the key for this transaction. A concurrent second request waits on the unique index until the first
 * has committed (then it gets the first one's result) or failed (then the key is free again). Keys expire
 * after 24 h.
 * @returns the stored result as JSON text, undefined if the work is still to be done.
 * @throws AppError `conflict` if the key was used for another request.
 */
export async function takeIdempotencyKey(tx: Transaction<Tables>, claim: Claim, box: SecretBox) {
  const taken = await tx
    .insertInto("idempotency_keys")
    .values({
      org_id: claim.organizationId,
      actor_id: claim.actorId,
      key: claim.key,
      request_hash: claim.requestHash,
      result: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["org_id", "actor_id", "key"])
        .doUpdateSet({ request_hash: claim.requestHash, result: null, created_at: sql<Date>`now()` })
        .where("idempotency_keys.created_at", "<", sql<Date>`now() - interval '24 hours'`),
    )
    .returning("key")
    .executeTakeFirst();
  if (taken) return undefined;
  const stored = await tx
    .selectFrom("idempotency_keys")
    .select(["request_hash", "result"])
    .where("org_id", "=", claim.organizationId)
    .where("actor_id", "=", claim.actorId)
    .where("key", "=", claim.key)
    .executeTakeFirstOrThrow();
  if (!stored.request_hash.equals(claim.requestHash) || stored.result === null)
    throw new AppError("conflict", "This Idempotency-Key was used for another request.");
  return box.open(stored.result, purposeOf(claim));
}

export async function keepIdempotentResult(
  tx: Transaction<Tables>,
  claim: Claim,
  result: unknown,
  box: SecretBox,
) {
  await tx
    .updateTable("idempotency_keys")
    .set({ result: box.seal(JSON.stringify(result ?? null), purposeOf(claim)) })
    .where("org_id", "=", claim.organizationId)
    .where("actor_id", "=", claim.actorId)
    .where("key", "=", claim.key)
    .execute();
}
