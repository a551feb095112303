import type {
  AuditProof,
  AuditVerificationLine,
  listAuditCheckpoints,
} from "@wheelhouse/shared/audit/proof.ts";
import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { Logger } from "pino";
import { z } from "zod";
import type { AuditTrail } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, toAppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AuditStore } from "../reading/reading.ts";
import type { AuditCheckpoints } from "./checkpoints.ts";
import type { AuditKeys } from "./keys.ts";
import type { AuditSinks } from "./sinks.ts";
import type { AuditVerifier } from "./verify.ts";

type ProofServiceDeps = {
  checkpoints: AuditCheckpoints;
  keys: AuditKeys;
  sinks: AuditSinks;
  verifier: AuditVerifier;
  store: Pick<AuditStore, "headSeq" | "newestOf">;
  trail: AuditTrail;
  log: Logger;
};

// Each verification keeps a core busy, so further ones wait for a free slot.
const walksMax = 4;
/** Cancelled verifications lie between; they prove nothing. */
const verificationsMax = 50;
const ended = z.object({
  verifiedToSeq: z.number().int(),
  keyId: z.string().nullish(),
  problem: z.string().nullish(),
});
const place = z.strictObject({ number: z.coerce.number().int().min(1) });

export function createProofService(deps: ProofServiceDeps) {
  const { checkpoints, keys, sinks, verifier, store, trail, log } = deps;
  let walks = 0;

  const recordWalk = (context: RequestContext, after: Record<string, string | number | boolean | null>) => {
    const { id, name } = context.organization;
    return trail.recordAct(context, "audit.trail.verify", {
      targets: [{ type: "audit-trail", id, name }],
      after,
    });
  };

  async function lastVerification(organizationId: string): Promise<AuditProof["verification"]> {
    const walked = await store.newestOf(organizationId, "audit.trail.verify", verificationsMax);
    for (const { recordedAt, outcome, after } of walked) {
      const end = ended.safeParse(after);
      if (outcome !== "success" || !end.success) continue;
      const { verifiedToSeq, keyId = null, problem = null } = end.data;
      return { at: recordedAt, verifiedToSeq, keyId, problem };
    }
    return null;
  }

  async function* walk(context: RequestContext): AsyncGenerator<AuditVerificationLine> {
    walks += 1;
    let reachedSeq = 0;
    let isOver = false;
    try {
      for await (const step of verifier.walk(context.organization.id)) {
        if (step.type === "progress") {
          reachedSeq = step.seq;
          yield step;
          continue;
        }
        isOver = true;
        await recordWalk(context, {
          verifiedToSeq: step.verifiedToSeq,
          problem: step.firstBad?.problem ?? null,
          checkpoint: step.checkpoint?.number ?? null,
          keyId: step.checkpoint?.keyId ?? null,
        }).catch((err: unknown) => {
          // If a partition is missing, the event cannot be written, but the fault must still be returned.
          if (step.firstBad === null) throw err;
          log.error({ err, requestId: context.requestId }, "a verification was not recorded");
        });
        yield step;
      }
    } catch (error) {
      isOver = true;
      log.error({ err: error, requestId: context.requestId }, "verification failed");
      yield { type: "error", message: toAppError(error).message };
    } finally {
      walks -= 1;
      if (!isOver)
        await recordWalk(context, { cancelled: true, reachedSeq }).catch((err: unknown) =>
          log.error({ err, requestId: context.requestId }, "a cancelled verification was not recorded"),
        );
    }
  }

  return {
    /**
     * Runs the verification and records it as one event when it ends, whether complete, failed or cancelled.
     * @throws AppError `rate_limited` while too many are running.
     */
    verify(context: RequestContext): AsyncIterable<AuditVerificationLine> {
      if (walks >= walksMax)
        throw new AppError("rate_limited", "Other verifications are running. Try again in a moment.", {
          retryAfterSeconds: 5,
        });
      return walk(context);
    },

    /** The newest evidence, and the newest verification that came to an end. */
    async proof({ organization }: RequestContext): Promise<AuditProof> {
      const [headSeq, newest, held, verification] = await Promise.all([
        store.headSeq(organization.id),
        checkpoints.newest(organization.id),
        sinks.statusOf(organization.id),
        lastVerification(organization.id),
      ]);
      return {
        headSeq,
        checkpoint: newest?.checkpoint ?? null,
        verification,
        keys: keys.list(),
        sinks: held,
      };
    },

    async list(
      { cursor, limit }: EndpointParsed<typeof listAuditCheckpoints>["query"],
      { organization }: RequestContext,
    ): Promise<EndpointResult<typeof listAuditCheckpoints>> {
      const before = decodeCursor(cursor, place)?.number;
      const found = await checkpoints.list(organization.id, before, limit + 1);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        items,
        nextCursor: found.length > limit && last ? encodeCursor({ number: String(last.number) }) : null,
      };
    },

    async *download({ organization }: RequestContext) {
      for await (const encodedLine of checkpoints.lines(organization.id)) yield { encodedLine };
    },

    /** Recorded first, so that the checkpoint covers its own event. */
    async checkpoint(context: RequestContext) {
      const { id, name } = context.organization;
      await trail.recordAct(context, "audit.checkpoint.create", {
        targets: [{ type: "audit-trail", id, name }],
      });
      const checkpoint = await checkpoints.makeNow(id);
      if (!checkpoint) throw new AppError("conflict", "There is nothing to sign yet.");
      void sinks
        .flush()
        .catch((err: unknown) => log.warn({ err }, "checkpoints are waiting for their sinks"));
      return checkpoint;
    },
  };
}
export type ProofService = ReturnType<typeof createProofService>;
