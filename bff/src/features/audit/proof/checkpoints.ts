import type { AuditCheckpoint } from "@wheelhouse/shared/audit/proof.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { digestOfLine, parseCheckpoint, type ReadCheckpoint, signCheckpoint } from "./checkpoint.ts";
import type { AuditKeys } from "./keys.ts";

type CheckpointsDeps = {
  database: Database;
  keys: AuditKeys;
  clock: Clock;
  /** `makeDue` skips organizations whose newest checkpoint is younger than this. */
  dueAfterMs?: number;
};

const pageSize = 500;
const organizationRow = z.object({ organizationId: z.string() });

/** Signs the heads of the chains and stores the checkpoints. */
export function createAuditCheckpoints({
  database,
  keys,
  clock,
  dueAfterMs = 9.5 * 60_000,
}: CheckpointsDeps) {
  async function make(organizationId: string, isDue: (newest: ReadCheckpoint) => boolean) {
    return database.system.transaction().execute(async (tx) => {
      // Serializes processes that find the same organization due; the second then finds a recent checkpoint.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`wheelhouse.audit_checkpoint:${organizationId}`}, 0))`.execute(
        tx,
      );
      const newest = await newestOf(tx, organizationId);
      if (newest && !isDue(newest)) return undefined;
      if (newest) await demandSameChain(tx, newest.checkpoint);
      const head = await tx
        .selectFrom("audit_heads")
        .select(["seq", "hash"])
        .where("org_id", "=", organizationId)
        .executeTakeFirst();
      if (!head || head.seq === 0) return undefined;
      const line = signCheckpoint(
        {
          orgId: organizationId,
          number: (newest?.checkpoint.number ?? 0) + 1,
          seq: head.seq,
          hash: head.hash.toString("hex"),
          previous: digestOfLine(newest?.line),
          at: new Date(clock.now()).toISOString(),
        },
        keys,
      );
      await tx.insertInto("audit_checkpoints").values({ org_id: organizationId, line }).execute();
      return parseCheckpoint(line);
    });
  }

  return {
    /** @throws if the chain contradicts the previous checkpoint, because a new signature would hide that. */
    async makeNow(organizationId: string): Promise<AuditCheckpoint | undefined> {
      return make(organizationId, () => true);
    },

    /**
     * Signs for every organization whose newest checkpoint is too old, even if nothing happened since.
     * @throws AggregateError with the failures of some organizations, after all others were signed.
     */
    async makeDue(): Promise<number> {
      const before = clock.now() - dueAfterMs;
      const { rows } = await sql`
        select h.org_id as "organizationId" from audit_heads h
        where h.seq > 0 and not exists (
          select from audit_checkpoints c where c.org_id = h.org_id and c.number = (
            select max(n.number) from audit_checkpoints n where n.org_id = h.org_id
          ) and (c.line::jsonb ->> 'at')::timestamptz > ${new Date(before).toISOString()}::timestamptz
        )`.execute(database.system);
      const problems: unknown[] = [];
      let made = 0;
      for (const row of rows) {
        const { organizationId } = organizationRow.parse(row);
        const isDue = ({ checkpoint }: ReadCheckpoint) => Date.parse(checkpoint.at) <= before;
        await make(organizationId, isDue).then(
          (checkpoint) => {
            if (checkpoint) made += 1;
          },
          (error: unknown) => problems.push(error),
        );
      }
      if (problems.length > 0) throw new AggregateError(problems, "some checkpoints were not signed");
      return made;
    },

    newest: (organizationId: string) =>
      database.asOrganizations([organizationId], (tx) => newestOf(tx, organizationId)),

    /** Checkpoints before this number, newest first. */
    async list(
      organizationId: string,
      before: number | undefined,
      limit: number,
    ): Promise<AuditCheckpoint[]> {
      const rows = await database.asOrganizations([organizationId], (tx) =>
        tx
          .selectFrom("audit_checkpoints")
          .select("line")
          .where("org_id", "=", organizationId)
          .$if(before !== undefined, (query) => query.where("number", "<", before ?? 0))
          .orderBy("number", "desc")
          .limit(limit)
          .execute(),
      );
      return rows.map(({ line }) => parseCheckpoint(line));
    },

    /** Signed lines after this number, oldest first, read in pages. */
    async *lines(organizationId: string, after = 0): AsyncGenerator<string> {
      let number = after;
      for (;;) {
        const rows = await database.asOrganizations([organizationId], (tx) =>
          tx
            .selectFrom("audit_checkpoints")
            .select(["number", "line"])
            .where("org_id", "=", organizationId)
            .where("number", ">", number)
            .orderBy("number")
            .limit(pageSize)
            .execute(),
        );
        for (const row of rows) {
          number = row.number;
          yield row.line;
        }
        if (rows.length < pageSize) return;
      }
    },
  };
}
export type AuditCheckpoints = ReturnType<typeof createAuditCheckpoints>;

async function newestOf(
  tx: Transaction<Tables>,
  organizationId: string,
): Promise<ReadCheckpoint | undefined> {
  const row = await tx
    .selectFrom("audit_checkpoints")
    .select("line")
    .where("org_id", "=", organizationId)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && { line: row.line, checkpoint: parseCheckpoint(row.line) };
}

async function demandSameChain(tx: Transaction<Tables>, { orgId, number, seq, hash }: AuditCheckpoint) {
  const link = await tx
    .selectFrom("audit_chain")
    .select("hash")
    .where("org_id", "=", orgId)
    .where("seq", "=", seq)
    .executeTakeFirst();
  if (link?.hash.toString("hex") !== hash)
    throw new Error(
      `the chain of organization ${orgId} contradicts checkpoint ${number} at event ${seq}; no new checkpoint was signed`,
    );
}
