import { inheritedRoles, type Role } from "@wheelhouse/shared/capabilities.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";

/** The order in which the page groups members. */
const rank = sql<number>`array_position(array['superadmin', 'admin', 'operator', 'auditor', 'viewer'], m.role)`;

export const memberPlace = z.strictObject({
  rank: z.string(),
  name: z.string(),
  userId: z.uuid(),
  organizationId: z.uuid(),
});

export type MemberRow = {
  userId: string;
  email: string;
  name: string;
  disabledAt: Date | null;
  hasPassword: boolean;
  hasIdentity: boolean;
  organizationId: string;
  role: Role;
  joinedAt: Date;
  lastActiveAt: Date | null;
  inherited: boolean;
  rank: number;
  sortName: string;
};

type ListInput = {
  /** Organizations whose members are listed. */
  own: readonly string[];
  /** Parent organizations; only their inherited roles are included. */
  above: readonly string[];
  role: Role | undefined;
  q: string | undefined;
  place: z.infer<typeof memberPlace> | undefined;
  limit: number;
};

const columns = sql`u.id as "userId", u.email, u.name, u.disabled_at as "disabledAt", u.has_password as "hasPassword",
  exists (select from oidc_identities i where i.user_id = u.id) as "hasIdentity",
  m.org_id as "organizationId", m.role, m.created_at as "joinedAt", ${rank} as rank, lower(u.name) as "sortName",
  (select max(s.last_seen_at) from sessions s where s.user_id = u.id) as "lastActiveAt"`;

/**
 * Memberships and their accounts. Guards read as the system role because they must see every organization.
 */
export function createMembersStore({ database }: { database: Database }) {
  return {
    /** E-mail addresses of the members with a role in this organization, at most `limit`. */
    emailsOf: (organizationId: string, limit: number): Promise<string[]> =>
      database.asOrganizations([organizationId], async (tx) => {
        const rows = await tx
          .selectFrom("memberships as m")
          .innerJoin("users as u", "u.id", "m.user_id")
          .select("u.email")
          .where("m.org_id", "=", organizationId)
          .limit(limit)
          .execute();
        return rows.map(({ email }) => email);
      }),
    list: ({ own, above, role, q, place, limit }: ListInput): Promise<MemberRow[]> =>
      database.asOrganizations([...own, ...above, platformOrganization.id], async (tx) => {
        const like = q && `%${q.replace(/[\\%_]/g, "\\$&")}%`;
        const { rows } = await sql<MemberRow>`
          select ${columns}, not (m.org_id = any (${own}::uuid[])) as inherited
          from memberships m join users u on u.id = m.user_id
          where (m.org_id = any (${own}::uuid[])
              or (m.org_id = any (${above}::uuid[]) and m.role = any (${inheritedRoles}::text[]))
              or (m.org_id = ${platformOrganization.id}::uuid and m.role = 'superadmin'))
            ${role ? sql`and m.role = ${role}` : sql``}
            ${like ? sql`and (u.name ilike ${like} or u.email ilike ${like})` : sql``}
            ${
              place
                ? sql`and (${rank}, lower(u.name), m.user_id, m.org_id) >
                  (${place.rank}::int, ${place.name}, ${place.userId}::uuid, ${place.organizationId}::uuid)`
                : sql``
            }
          order by rank, "sortName", m.user_id, m.org_id limit ${limit}
        `.execute(tx);
        return rows;
      }),

    /** All memberships of an account, in any organization. */
    async ofUser(userId: string): Promise<MemberRow[]> {
      const { rows } = await sql<MemberRow>`
        select ${columns}, false as inherited
        from users u join memberships m on m.user_id = u.id where u.id = ${userId}::uuid
        order by m.created_at, m.org_id
      `.execute(database.system);
      return rows;
    },

    /** Number of other active accounts with this role in the organization itself. */
    async otherAdmins(organizationId: string, role: "admin" | "superadmin", userId: string): Promise<number> {
      const { rows } = await sql<{ others: number }>`
        select count(*)::int as others from memberships m join users u on u.id = m.user_id
        where m.org_id = ${organizationId}::uuid and m.role = ${role} and m.user_id <> ${userId}::uuid
          and u.disabled_at is null
      `.execute(database.system);
      return rows[0]?.others ?? 0;
    },

    /**
     * Serializes changes to administrators; otherwise two admins who remove each other at the same time would
     * both see one left. Such changes are rare, so a single lock is enough.
     */
    async takeTurn(tx: Transaction<Tables>) {
      await sql`select pg_advisory_xact_lock(hashtext('wheelhouse.administrators'))`.execute(tx);
    },

    async add(tx: Transaction<Tables>, row: { organizationId: string; userId: string; role: Role }) {
      await tx
        .insertInto("memberships")
        .values({ org_id: row.organizationId, user_id: row.userId, role: row.role })
        .execute();
    },

    async changeRole(
      tx: Transaction<Tables>,
      { organizationId, userId, role }: { organizationId: string; userId: string; role: Role },
    ) {
      await tx
        .updateTable("memberships")
        .set({ role })
        .where("org_id", "=", organizationId)
        .where("user_id", "=", userId)
        .execute();
    },

    async remove(tx: Transaction<Tables>, organizationId: string, userId: string) {
      await tx
        .deleteFrom("memberships")
        .where("org_id", "=", organizationId)
        .where("user_id", "=", userId)
        .execute();
    },

    async setDisabled(tx: Transaction<Tables>, userId: string, disabledAt: Date | null) {
      await tx.updateTable("users").set({ disabled_at: disabledAt }).where("id", "=", userId).execute();
    },

    /** Ends all sessions of the account. */
    async revokeSessions(tx: Transaction<Tables>, userId: string) {
      await tx
        .updateTable("sessions")
        .set({ revoked_at: sql<Date>`now()` })
        .where("user_id", "=", userId)
        .where("revoked_at", "is", null)
        .execute();
    },
  };
}
export type MembersStore = ReturnType<typeof createMembersStore>;
