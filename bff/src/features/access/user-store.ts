import { roles } from "@wheelhouse/shared/capabilities.ts";
import { type RawBuilder, sql } from "kysely";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";
import { familiarForMs } from "./config.ts";

const signInUser = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  /** Null if the person is deactivated or has no password. */
  passwordHash: z.string().nullable(),
  disabled: z.boolean(),
  memberships: z.array(z.object({ organizationId: z.uuid(), role: z.enum(roles) })),
});
const memberUser = signInUser.omit({ passwordHash: true }).extend({
  hasPassword: z.boolean(),
  hasIdentity: z.boolean(),
});
type MemberUser = z.infer<typeof memberUser>;
export type SignInUser = z.infer<typeof signInUser>;

/** Users for sign-in, read as the system role, the only role that can read password hashes. */
export function createUserStore({ database }: { database: Database }) {
  async function signingIn(condition: RawBuilder<unknown>): Promise<SignInUser | undefined> {
    const { rows } = await sql`
      select u.id, u.email, u.name, u.disabled_at is not null as disabled,
        case when u.disabled_at is null then u.password_hash end as "passwordHash",
        (select coalesce(json_agg(json_build_object('organizationId', m.org_id, 'role', m.role)
           order by m.created_at, m.org_id), '[]')
         from memberships m where m.user_id = u.id) as memberships
      from users u where ${condition}
    `.execute(database.system);
    return rows[0] === undefined ? undefined : signInUser.parse(rows[0]);
  }

  return {
    /** A person with all memberships, if one of them is in this organization. */
    async memberOf(organizationId: string, userId: string): Promise<MemberUser | undefined> {
      const { rows } = await sql`
        select u.id, u.email, u.name, u.disabled_at is not null as disabled, u.has_password as "hasPassword",
          exists (select from oidc_identities i where i.user_id = u.id) as "hasIdentity",
          (select json_agg(json_build_object('organizationId', m.org_id, 'role', m.role))
           from memberships m where m.user_id = u.id) as memberships
        from users u
        where u.id = ${userId}
          and exists (select from memberships m where m.user_id = u.id and m.org_id = ${organizationId})
      `.execute(database.system);
      return rows[0] === undefined ? undefined : memberUser.parse(rows[0]);
    },

    /** True if the person with this e-mail address signed in from this client address in the last 30 days. */
    async isSignedInFrom(email: string, address: string): Promise<boolean> {
      const { rows } = await sql`
        select from sessions s join users u on u.id = s.user_id
        where lower(u.email) = lower(${email}) and s.address = ${address}
          and s.last_seen_at > now() - make_interval(secs => ${familiarForMs / 1_000})
        limit 1
      `.execute(database.system);
      return rows.length > 0;
    },

    byEmail: (email: string) => signingIn(sql`lower(u.email) = lower(${email})`),

    /** Undefined for a deactivated account. */
    async byId(id: string): Promise<SignInUser | undefined> {
      const user = await signingIn(sql`u.id = ${id}`);
      return user?.disabled ? undefined : user;
    },
  };
}
export type UserStore = ReturnType<typeof createUserStore>;
