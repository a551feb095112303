import type { Role } from "@wheelhouse/shared/capabilities.ts";
import type pg from "pg";

/**
 * An administrator's connection bypasses row-level security; only for seeding and the first administrator.
 */
type Admin = Pick<pg.ClientBase, "query">;

/** @returns the id of the new or existing organization. */
export async function ensureOrganization(
  admin: Admin,
  { slug, name, parentId }: { slug: string; name: string; parentId: string | null },
): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `with made as (
       insert into wheelhouse.organizations (slug, name, parent_id) values ($1, $2, $3)
       on conflict (slug) do nothing returning id)
     select id from made union all select id from wheelhouse.organizations where slug = $1 limit 1`,
    [slug, name, parentId],
  );
  const id = rows[0]?.id;
  if (!id) throw new Error(`organization ${slug} could not be created`);
  return id;
}

/** Creates the user with a role in the organization; an existing user gets the new password and role. */
export async function ensureUser(
  admin: Admin,
  user: { email: string; name: string; passwordHash: string; organizationId: string; role: Role },
): Promise<void> {
  const { rows } = await admin.query<{ id: string }>(
    `insert into wheelhouse.users (email, name, password_hash) values ($1, $2, $3)
     on conflict (lower(email)) do update set password_hash = excluded.password_hash, disabled_at = null
     returning id`,
    [user.email, user.name, user.passwordHash],
  );
  await admin.query(
    `insert into wheelhouse.memberships (user_id, org_id, role) values ($1, $2, $3)
     on conflict (user_id, org_id) do update set role = excluded.role`,
    [rows[0]?.id, user.organizationId, user.role],
  );
}
