import { randomBytes } from "node:crypto";
import pg from "pg";
import { z } from "zod";
import { platformOrganization } from "#lib/request-context.ts";
import { createPasswords } from "./access-passwords.ts";
import { ensureUser } from "./access-seed.ts";

const passwordLengthMin = 12;

/**
 * Gives a new installation its first superadmin, or an existing one another password.
 * @param password undefined: one is made.
 * @returns the password, to be shown once.
 * @throws Error with a text for the person who typed the command.
 */
export async function createFirstAdmin({
  adminUrl,
  email,
  name,
  password = randomBytes(15).toString("base64url"),
}: {
  adminUrl: string;
  email: string;
  name: string;
  password?: string | undefined;
}): Promise<string> {
  if (!z.email().safeParse(email).success) throw new Error("--email must be an e-mail address");
  if (password.length < passwordLengthMin || password.length > 1_024)
    throw new Error(`the password must have ${passwordLengthMin} to 1024 characters`);
  const passwordHash = await createPasswords().hash(password);
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("begin");
    const organizationId = platformOrganization.id;
    await ensureUser(client, { email, name, passwordHash, organizationId, role: "superadmin" });
    // Whoever knew the old password is out.
    await client.query(
      `update wheelhouse.sessions s set revoked_at = now() from wheelhouse.users u
       where u.id = s.user_id and lower(u.email) = lower($1) and s.revoked_at is null`,
      [email],
    );
    await client.query("commit");
    return password;
  } finally {
    await client.end();
  }
}
