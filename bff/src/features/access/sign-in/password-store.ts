import type { Transaction } from "kysely";
import { sql } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { hashToken } from "../sessions/sessions.ts";

const openReset = z.object({
  id: z.uuid(),
  organizationId: z.uuid(),
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
});

/** Password hashes and reset links. Only this store writes hashes, and only the user store reads them. */
export function createPasswordsStore({ database }: { database: Database }) {
  return {
    /** Also invalidates existing reset links, which were made for the previous password. */
    async set(tx: Transaction<Tables>, userId: string, passwordHash: string) {
      await tx.updateTable("users").set({ password_hash: passwordHash }).where("id", "=", userId).execute();
    },

    /** Runs before the change as the system role, because the links can belong to several organizations. */
    async endResets(userId: string) {
      await database.system
        .updateTable("password_resets")
        .set({ ended_at: sql<Date>`now()` })
        .where("user_id", "=", userId)
        .where("ended_at", "is", null)
        .execute();
    },

    async addReset(
      tx: Transaction<Tables>,
      reset: { organizationId: string; userId: string; token: string; expiresAt: Date },
    ) {
      await tx
        .insertInto("password_resets")
        .values({
          org_id: reset.organizationId,
          user_id: reset.userId,
          token_hash: hashToken(reset.token),
          expires_at: reset.expiresAt,
        })
        .execute();
    },

    /** The reset link with this secret, if it is valid and its person is not deactivated. */
    async findReset(token: string): Promise<z.infer<typeof openReset> | undefined> {
      const { rows } = await sql`
        select r.id, r.org_id as "organizationId",
          json_build_object('id', u.id, 'email', u.email, 'name', u.name) as user
        from password_resets r join users u on u.id = r.user_id
        where r.token_hash = ${hashToken(token)} and r.ended_at is null and r.expires_at > now()
          and u.disabled_at is null
      `.execute(database.system);
      return rows[0] === undefined ? undefined : openReset.parse(rows[0]);
    },

    /** @returns false if a concurrent request was faster. */
    async useReset(tx: Transaction<Tables>, id: string): Promise<boolean> {
      const { numUpdatedRows } = await tx
        .updateTable("password_resets")
        .set({ ended_at: sql<Date>`now()` })
        .where("id", "=", id)
        .where("ended_at", "is", null)
        .where("expires_at", ">", sql<Date>`now()`)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };
}
export type PasswordsStore = ReturnType<typeof createPasswordsStore>;
