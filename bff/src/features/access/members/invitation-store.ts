import type { Role } from "@wheelhouse/shared/capabilities.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import { AppError } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";

export const invitationPlace = z.strictObject({ id: z.uuid() });

export type InvitationRow = {
  id: string;
  organizationId: string;
  email: string;
  role: Role;
  invitedById: string;
  invitedBy: string;
  createdAt: Date;
  expiresAt: Date;
  openedAt: Date | null;
};

const columns = sql`i.id, i.org_id as "organizationId", i.email, i.role, i.invited_by as "invitedById",
  u.name as "invitedBy", i.created_at as "createdAt", i.expires_at as "expiresAt", i.opened_at as "openedAt"`;
const waiting = sql`i.accepted_at is null and i.revoked_at is null`;

const taken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "This address already has an invitation. Create a new link for it.", {
      details: [{ field: "body.email", message: "already has an invitation" }],
      cause: error,
    });
  throw error;
};

/**
 * Invitations. Links are looked up by the hash of their secret, outside row-level security because the
 * organization is not known yet.
 */
export function createInvitationsStore({ database }: { database: Database }) {
  return {
    list: (organizationIds: readonly string[], place: { id: string } | undefined, limit: number) =>
      database.asOrganizations(organizationIds, async (tx) => {
        const { rows } = await sql<InvitationRow>`
          select ${columns} from invitations i join users u on u.id = i.invited_by
          where i.org_id = any (${organizationIds}::uuid[]) and ${waiting}
            ${place ? sql`and i.id < ${place.id}::uuid` : sql``}
          order by i.id desc limit ${limit}
        `.execute(tx);
        return rows;
      }),

    async find(tx: Transaction<Tables>, organizationId: string, id: string) {
      const { rows } = await sql<InvitationRow>`
        select ${columns} from invitations i join users u on u.id = i.invited_by
        where i.org_id = ${organizationId}::uuid and i.id = ${id}::uuid and ${waiting} for update of i
      `.execute(tx);
      return rows[0];
    },

    async byHash(hash: Buffer): Promise<InvitationRow | undefined> {
      const { rows } = await sql<InvitationRow>`
        select ${columns} from invitations i join users u on u.id = i.invited_by
        where i.token_hash = ${hash} and ${waiting}
      `.execute(database.system);
      return rows[0];
    },

    async insert(
      tx: Transaction<Tables>,
      row: {
        id: string;
        organizationId: string;
        email: string;
        role: Role;
        hash: Buffer;
        invitedBy: string;
        expiresAt: Date;
      },
    ) {
      await tx
        .insertInto("invitations")
        .values({
          id: row.id,
          org_id: row.organizationId,
          email: row.email,
          role: row.role,
          token_hash: row.hash,
          invited_by: row.invitedBy,
          expires_at: row.expiresAt,
        })
        .execute()
        .catch(taken);
    },

    async isMember(tx: Transaction<Tables>, organizationId: string, email: string): Promise<boolean> {
      const { rows } = await sql`
        select 1 from memberships m join users u on u.id = m.user_id
        where m.org_id = ${organizationId}::uuid and lower(u.email) = lower(${email})
      `.execute(tx);
      return rows.length > 0;
    },

    async update(
      tx: Transaction<Tables>,
      id: string,
      change: Partial<{
        token_hash: Buffer;
        expires_at: Date;
        opened_at: Date | null;
        invited_by: string;
        revoked_at: Date;
        accepted_at: Date;
        accepted_by: string;
      }>,
    ) {
      await tx.updateTable("invitations").set(change).where("id", "=", id).execute();
    },

    async account(email: string) {
      return database.system
        .selectFrom("users")
        .select(["id", "name", "email", "disabled_at as disabledAt"])
        .where(sql`lower(email)`, "=", email.toLowerCase())
        .executeTakeFirst();
    },

    async makeAccount(
      tx: Transaction<Tables>,
      user: { id: string; email: string; name: string; passwordHash: string },
    ) {
      await tx
        .insertInto("users")
        .values({ id: user.id, email: user.email, name: user.name, password_hash: user.passwordHash })
        .execute();
    },
  };
}
export type InvitationsStore = ReturnType<typeof createInvitationsStore>;
