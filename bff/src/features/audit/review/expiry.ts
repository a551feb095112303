import { sql } from "kysely";
import { z } from "zod";
import type { Changes } from "#lib/change.ts";
import { AppError } from "#lib/http/errors.ts";

const expiredTo = z.object({ reached: z.number() });

/** Removes the content of sealed events; the chain remains, and the trail records what was removed. */
export function createAuditExpiry({ changes }: { changes: Changes }) {
  return {
    /**
     * Removes the content of the organization's events up to this number, at most 50,000 per call. Returns
     * the number up to which content is gone; call again until it reaches the requested one.
     * @throws AppError `conflict` under a legal hold, or if no signed checkpoint covers the events.
     */
    async expire(organization: { id: string; name: string }, uptoSeq: number): Promise<number> {
      try {
        return await changes.runAsSystem(organization.id, "retention", "audit.content.expire", async (tx) => {
          const { rows } = await sql`
            select wheelhouse.audit_expire(${organization.id}, ${uptoSeq}) as reached`.execute(tx);
          const { reached } = expiredTo.parse(rows[0]);
          return {
            result: reached,
            audit: {
              targets: [{ type: "audit-trail", id: organization.id, name: organization.name }],
              after: { uptoSeq: reached },
            },
          };
        });
      } catch (error) {
        const code = error instanceof Error && "code" in error ? error.code : undefined;
        if (code === "WH001")
          throw new AppError(
            "conflict",
            "A legal hold prevents the content of this organization from expiring.",
          );
        if (code === "WH002")
          throw new AppError("conflict", `No signed checkpoint covers event ${uptoSeq} yet.`);
        throw error;
      }
    },
  };
}
