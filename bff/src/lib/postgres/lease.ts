import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "./postgres.ts";

/** Another process holds the lease now; the transaction was not committed. */
export class LeaseLost extends Error {
  constructor(name: string) {
    super(`The lease "${name}" is held by another process`);
    this.name = "LeaseLost";
  }
}

export type PostgresLease = {
  /**
   * Renews the lease, or takes it if it is free.
   * @returns the epoch while it is ours, null while another process holds it. Rejects if Postgres cannot be reached;
   * the next write then shows whether the lease is still ours.
   */
  hold(): Promise<number | null>;
  /**
   * A transaction of the system role that commits only while the lease is ours.
   * @throws LeaseLost otherwise.
   */
  write<T>(epoch: number, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>;
  /** Lets another process take it at once. */
  release(): Promise<void>;
};

/**
 * The exclusive right of one process, kept in Postgres: its epoch increases with each new owner and is checked in each
 * write. A process that returns after an absence finds its epoch outdated, so nothing is written twice.
 */
export function createPostgresLease(deps: {
  database: Database;
  name: string;
  /** Identifies this process; unique among all. */
  owner: string;
  ttlMs: number;
}): PostgresLease {
  const { database, name, owner, ttlMs } = deps;
  const until = sql<Date>`now() + make_interval(secs => ${ttlMs / 1000})`;
  return {
    async hold() {
      const held = await database.system
        .insertInto("leases")
        .values({ name, owner, epoch: 1, expires_at: until })
        .onConflict((conflict) =>
          conflict
            .column("name")
            .doUpdateSet({
              owner,
              epoch: sql<number>`leases.epoch + case when leases.owner = ${owner} then 0 else 1 end`,
              expires_at: until,
            })
            .where(sql<boolean>`leases.owner = ${owner} or leases.expires_at < now()`),
        )
        .returning("epoch")
        .executeTakeFirst();
      return held?.epoch ?? null;
    },
    write: (epoch, work) =>
      database.system.transaction().execute(async (tx) => {
        const held = await tx
          .selectFrom("leases")
          .select("epoch")
          .where("name", "=", name)
          .where("owner", "=", owner)
          .where("epoch", "=", epoch)
          .forShare()
          .executeTakeFirst();
        if (!held) throw new LeaseLost(name);
        return work(tx);
      }),
    async release() {
      await database.system
        .updateTable("leases")
        .set({ expires_at: sql<Date>`now() - interval '1 second'` })
        .where("name", "=", name)
        .where("owner", "=", owner)
        .execute();
    },
  };
}
