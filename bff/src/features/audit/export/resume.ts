import { createHash } from "node:crypto";
import type pg from "pg";
import { z } from "zod";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";

type ResumeDeps = { box: SecretBox; clock: Clock };

const validMs = 60 * 60_000;
/** A longer token would not fit into a URL; an export of so many organizations cannot be resumed. */
const tokenBytesMax = 6_000;

/**
 * What determines an export: the chains of these organizations up to these numbers, without content below
 * `expired`. As chains are append-only, the same state and filter produce the same bytes again.
 */
const exportStand = z.object({
  id: z.uuid(),
  beganAt: z.iso.datetime(),
  chains: z.array(z.tuple([z.uuid(), z.number().int(), z.number().int()])),
});
export type ExportStand = z.infer<typeof exportStand>;
const chainRow = z.object({ org_id: z.string(), seq: z.coerce.number(), expired: z.coerce.number() });
const sealedStand = exportStand.extend({ asked: z.string() });

/** Tokens that resume an interrupted export in any replica; sealed, so that they cannot be tampered with. */
export function createExportResume({ box, clock }: ResumeDeps) {
  const purpose = (organizationId: string) => `audit export of ${organizationId}`;
  return {
    /** Undefined if the token would be too long. */
    seal(stand: ExportStand, asked: unknown, organizationId: string): string | undefined {
      const sealed = box.seal(JSON.stringify({ ...stand, asked: hashOf(asked) }), purpose(organizationId));
      const token = sealed.toString("base64url");
      return token.length > tokenBytesMax ? undefined : token;
    },

    /** @throws AppError naming the field, or `conflict` if the export can no longer be resumed. */
    open(token: string, asked: unknown, organizationId: string): ExportStand {
      const { asked: before, ...stand } = opened(token, organizationId);
      if (before !== hashOf(asked))
        throw invalidField("query.resume", "belongs to an export with another filter, format or columns");
      if (clock.now() - Date.parse(stand.beganAt) > validMs)
        throw new AppError("conflict", "This export was started more than an hour ago. Start it again.");
      return stand;
    },
  };

  function opened(token: string, organizationId: string) {
    try {
      const text = box.open(Buffer.from(token, "base64url"), purpose(organizationId));
      return sealedStand.parse(JSON.parse(text));
    } catch {
      throw invalidField("query.resume", "is not a token of an export of this organization");
    }
  }
}

/** Last number of each chain and of its expired content, in the given order. */
export async function chainsOf(
  client: pg.PoolClient,
  organizationIds: readonly string[],
): Promise<ExportStand["chains"]> {
  const { rows } = await client.query(
    `select h.org_id, h.seq, coalesce((
       select max(x.upto_seq) from audit_expirations x where x.org_id = h.org_id), 0) as expired
     from audit_heads h where h.org_id = any ($1::uuid[])`,
    [[...organizationIds]],
  );
  const chains = new Map(rows.map((row) => chainRow.parse(row)).map((chain) => [chain.org_id, chain]));
  return organizationIds.flatMap((id) => {
    const chain = chains.get(id);
    return chain ? [[id, chain.seq, chain.expired] satisfies ExportStand["chains"][number]] : [];
  });
}

/** A resumed export must read exactly what the original read, or its bytes would differ. */
export function refuseOther(before: ExportStand["chains"], now: ExportStand["chains"]) {
  const known = new Map(now.map(([id, , expired]) => [id, expired]));
  if (before.some(([id, , expired]) => known.get(id) !== expired))
    throw new AppError(
      "conflict",
      "The events of this export have changed: content has expired, or you no longer have access to an organization. Start it again.",
    );
}

const hashOf = (asked: unknown) => createHash("sha256").update(JSON.stringify(asked)).digest("base64url");
