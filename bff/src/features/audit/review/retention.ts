import type { AuditRetention } from "@wheelhouse/shared/audit/retention.ts";
import { sql, type Transaction } from "kysely";
import type { Logger } from "pino";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import { notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";

type AuditRetentionDeps = {
  database: Database;
  changes: Changes;
  /** Removes content up to a number, in batches; returns the number up to which it is gone. */
  expire(organization: { id: string; name: string }, uptoSeq: number): Promise<number>;
  clock: Clock;
  log: Logger;
};

const dueRow = z.object({ id: z.string(), name: z.string(), upto: z.number() });

/** Retention of an organization's event content, legal holds, and the job that removes expired content. */
export function createAuditRetention({ database, changes, expire, clock, log }: AuditRetentionDeps) {
  const targetOf = ({ organization: { id, name } }: RequestContext) => [{ type: "audit-trail", id, name }];
  return {
    read: (context: RequestContext): Promise<AuditRetention> =>
      database.asOrganizations([context.organization.id], readSettings),

    update: (keepDays: number | null, context: RequestContext): Promise<AuditRetention> =>
      changes.run(context, "audit.retention.update", async (tx) => {
        const before = await readSettings(tx);
        await sql`
          insert into audit_retention (org_id, keep_days) values (${context.organization.id}::uuid, ${keepDays})
          on conflict (org_id) do update set keep_days = excluded.keep_days, updated_at = now()`.execute(tx);
        return {
          result: { ...before, keepDays },
          audit: { targets: targetOf(context), before: { keepDays: before.keepDays }, after: { keepDays } },
        };
      }),

    placeHold: (reason: string, context: RequestContext): Promise<AuditRetention> =>
      changes.run(context, "audit.hold.place", async (tx) => {
        await tx
          .insertInto("audit_legal_holds")
          .values({ org_id: context.organization.id, reason, placed_by: context.actor.display })
          .execute();
        return { result: await readSettings(tx), audit: { targets: targetOf(context), reason } };
      }),

    releaseHold: (id: string, context: RequestContext): Promise<AuditRetention> =>
      changes.run(context, "audit.hold.release", async (tx) => {
        const released = await tx
          .updateTable("audit_legal_holds")
          .set({ released_by: context.actor.display, released_at: new Date(clock.now()) })
          .where("id", "=", id)
          .where("released_at", "is", null)
          .returning("reason")
          .executeTakeFirst();
        if (!released) throw notFound("legal hold");
        return {
          result: await readSettings(tx),
          audit: { targets: targetOf(context), before: { hold: released.reason } },
        };
      }),

    /**
     * Removes expired content: sealed events older than the retention, as far as a checkpoint covers them,
     * unless a hold applies. Refused removals are retried in the next run.
     */
    async expireDue(): Promise<void> {
      const { rows } = await sql`
        select o.id, o.name, least(p.seq, due.seq) as upto
        from audit_retention r join organizations o on o.id = r.org_id
        cross join lateral (
          select max(c.seq) as seq from audit_chain c
          where c.org_id = r.org_id and c.recorded_at < ${new Date(clock.now())}::timestamptz - r.keep_days * interval '1 day'
        ) due
        cross join lateral (select max(p.seq) as seq from audit_checkpoints p where p.org_id = r.org_id) p
        -- least() ignores nulls, so with nothing due the checkpoint alone would decide.
        where r.keep_days is not null and due.seq is not null and not exists (
          select from audit_legal_holds h where h.org_id = r.org_id and h.released_at is null
        ) and least(p.seq, due.seq) > coalesce((select max(x.upto_seq) from audit_expirations x where x.org_id = r.org_id), 0)
      `.execute(database.system);
      for (const row of rows) {
        const { upto, ...organization } = dueRow.parse(row);
        try {
          while ((await expire(organization, upto)) < upto);
        } catch (err) {
          log.warn({ err, organizationId: organization.id }, "content of the audit trail could not expire");
        }
      }
      await sql`
        delete from audit_activity a using (
          select x.org_id, max(c.recorded_at) as upto from audit_expirations x
          join audit_chain c on c.org_id = x.org_id and c.seq = x.upto_seq group by x.org_id
        ) gone
        where a.org_id = gone.org_id and a.hour < date_trunc('hour', gone.upto, 'UTC')`.execute(
        database.system,
      );
    },
  };
}
export type AuditRetentions = ReturnType<typeof createAuditRetention>;

/** Reads the settings of the organization of this transaction. */
async function readSettings(tx: Transaction<Tables>): Promise<AuditRetention> {
  const settings = await tx.selectFrom("audit_retention").select("keep_days").executeTakeFirst();
  const holds = await tx
    .selectFrom("audit_legal_holds")
    .select(["id", "reason", "placed_by", "placed_at"])
    .where("released_at", "is", null)
    .orderBy("placed_at", "desc")
    .limit(100)
    .execute();
  const expired = await tx
    .selectFrom("audit_expirations")
    .select(["upto_seq", "checkpoint_number"])
    .orderBy("upto_seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return {
    keepDays: settings?.keep_days ?? null,
    holds: holds.map(({ id, reason, placed_by, placed_at }) => ({
      id,
      reason,
      placedBy: placed_by,
      placedAt: placed_at.toISOString(),
    })),
    expiredToSeq: expired?.upto_seq ?? 0,
    expiredCheckpoint: expired?.checkpoint_number ?? null,
  };
}
