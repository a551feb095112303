import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { z } from "zod";
import type { Changes } from "#lib/change.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import { createPasswords } from "./passwords.ts";

const passwordLengthMin = 12;

const account = z.object({ id: z.uuid(), name: z.string(), isNew: z.boolean() });

/**
 * Creates the first superadmin of a new installation, or resets the password of an existing one; recorded in
 * the platform's trail.
 * @param changes on connections as the database's administrator; no other role is allowed to do this.
 * @param password undefined to generate one.
 * @returns the password, to be shown once.
 * @throws Error with a message for the person who ran the command.
 */
export async function createFirstAdmin({
  changes,
  email,
  name,
  password = randomBytes(15).toString("base64url"),
}: {
  changes: Pick<Changes, "runAsSystem">;
  email: string;
  name: string;
  password?: string | undefined;
}): Promise<string> {
  if (!z.email().safeParse(email).success) throw new Error("--email must be an e-mail address");
  if (password.length < passwordLengthMin || password.length > 1_024)
    throw new Error(`the password must have ${passwordLengthMin} to 1024 characters`);
  const passwordHash = await createPasswords().hash(password);
  const { id: organizationId } = platformOrganization;
  const act = "access.administrator.set";
  await changes.runAsSystem(organizationId, "command for the first administrator", act, async (tx) => {
    const made = await sql`
      insert into users (email, name, password_hash) values (${email}, ${name}, ${passwordHash})
      on conflict (lower(email)) do update set password_hash = excluded.password_hash, disabled_at = null
      returning id, name, xmax = 0 as "isNew"`.execute(tx);
    const user = account.parse(made.rows[0]);
    await sql`
      insert into memberships (user_id, org_id, role) values (${user.id}, ${organizationId}, 'superadmin')
      on conflict (user_id, org_id) do update set role = excluded.role`.execute(tx);
    // Signs out everyone who used the old password.
    const ended = await tx
      .updateTable("sessions")
      .set({ revoked_at: sql<Date>`now()` })
      .where("user_id", "=", user.id)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    return {
      result: null,
      audit: {
        targets: [{ type: "user", id: user.id, name: user.name }],
        after: {
          role: "superadmin",
          account: user.isNew ? "new" : "existing",
          endedSessions: Number(ended.numUpdatedRows),
        },
      },
    };
  });
  return password;
}
