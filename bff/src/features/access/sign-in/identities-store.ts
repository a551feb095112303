import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";

/** Links between accounts and their identities at an OpenID Connect provider. */
export function createIdentitiesStore({ database }: { database: Database }) {
  return {
    async userOf(issuer: string, subject: string): Promise<string | undefined> {
      const row = await database.system
        .selectFrom("oidc_identities")
        .select("user_id")
        .where("issuer", "=", issuer)
        .where("subject", "=", subject)
        .executeTakeFirst();
      return row?.user_id;
    },

    async isLinked(issuer: string, userId: string): Promise<boolean> {
      const row = await database.system
        .selectFrom("oidc_identities")
        .select("subject")
        .where("issuer", "=", issuer)
        .where("user_id", "=", userId)
        .executeTakeFirst();
      return row !== undefined;
    },

    async link(tx: Transaction<Tables>, identity: { issuer: string; subject: string }, userId: string) {
      await tx
        .insertInto("oidc_identities")
        .values({ ...identity, user_id: userId })
        .execute();
    },

    /** Creates an account without a password, which can only sign in at the provider. */
    async makeAccount(tx: Transaction<Tables>, user: { id: string; email: string; name: string }) {
      await tx
        .insertInto("users")
        .values({ id: user.id, email: user.email, name: user.name, password_hash: null })
        .execute();
    },
  };
}
export type IdentitiesStore = ReturnType<typeof createIdentitiesStore>;
