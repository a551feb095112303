import { sql } from "kysely";
import type { Logger } from "pino";
import { z } from "zod";
import type { Changes } from "#lib/change.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";

const dayMs = 86_400_000;
/** A repeated event is looked for today and yesterday. */
const idsKeptDays = 3;

type Keep = "unfinished" | "nothing";
const expired = z.object({
  state: z.enum(["done", "in use", "nothing to do"]),
  removed: z.coerce.number(),
  kept: z.coerce.number(),
});
const partition = z.object({ day: z.string() });
const platform = z.object({ id: z.string(), name: z.string() });

/** Ends the transaction of a day of which nothing was removed: that is no act. */
class NothingRemoved extends Error {
  readonly isInUse: boolean;
  constructor(isInUse: boolean) {
    super("nothing was removed");
    this.isInUse = isInUse;
  }
}

type RetentionOptions = {
  database: Database;
  changes: Changes;
  config: Pick<WebhooksConfig, "keptDays" | "deadLettersKeptDays">;
  clock: Clock;
  log: Logger;
};

/**
 * Retention of deliveries, by whole days (UTC): first all that succeeded or was discarded, later everything. Each day is
 * an act of its own in the trail of the platform organization, in the transaction that removes it.
 */
export function createRetention({ database, changes, config, clock, log }: RetentionOptions) {
  /** Days before this one are older than `days`. */
  const before = (days: number) => new Date(clock.now() - days * dayMs).toISOString().slice(0, 10);

  async function dueDays(keep: Keep, days: number): Promise<string[]> {
    const { rows } = await sql`
      select to_char(day, 'YYYY-MM-DD') as day from (
        -- Depending on the plan, this is computed for relations that are no partitions.
        select case when c.relname ~ '_p[0-9]{8}$' then to_date(right(c.relname, 8), 'YYYYMMDD') end as day
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'wheelhouse.webhook_delivery_log'::regclass
      ) partitions
      where day < ${before(days)}::date
        and not exists (select from webhook_expired_days e where e.day = partitions.day and e.kept_what = ${keep})
      order by day
    `.execute(database.system);
    return rows.map((row) => partition.parse(row).day);
  }

  async function expire(day: string, keep: Keep) {
    const { rows } = await sql`select id, name from organizations where slug = 'platform'`.execute(
      database.system,
    );
    const owner = platform.parse(rows[0]);
    await changes
      .runAsSystem(owner.id, "Retention", "webhooks.deliveries.expire", async (tx) => {
        const ended = await sql`select * from expire_webhook_day(${day}::date, ${keep})`.execute(tx);
        const { state, removed, kept } = expired.parse(ended.rows[0]);
        if (state !== "done") throw new NothingRemoved(state === "in use");
        return {
          result: null,
          audit: {
            targets: [{ type: "webhook-deliveries", id: day, name: day }],
            after: { day, keep, removed, kept },
          },
        };
      })
      .catch(async (error: unknown) => {
        if (!(error instanceof NothingRemoved)) throw error;
        if (error.isInUse) return log.info({ day }, "deliveries of this day are in use; they expire later");
        await sql`
          insert into webhook_expired_days (day, kept_what, removed, kept) values (${day}::date, ${keep}, 0, 0)
          on conflict do nothing`.execute(database.system);
      });
  }

  return {
    /** Ends what is due, oldest day first. A day that is locked or in use is tried again by the next call. */
    async run(): Promise<void> {
      const due = [
        ...(await dueDays("nothing", config.deadLettersKeptDays)).map((day) => ({
          day,
          keep: "nothing" as const,
        })),
        ...(await dueDays("unfinished", config.keptDays)).map((day) => ({
          day,
          keep: "unfinished" as const,
        })),
      ];
      for (const { day, keep } of due)
        await expire(day, keep).catch((err: unknown) =>
          log.warn({ err, day }, "deliveries of a day did not expire"),
        );
      await sql`select forget_webhook_copies(${before(idsKeptDays)}::date)`.execute(database.system);
    },
  };
}
