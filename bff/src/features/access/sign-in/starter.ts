import { join } from "node:path";
import pg from "pg";
import type { Changes } from "#lib/change.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import { type Credential, readCredentials, writeCredentials } from "./credentials-file.ts";
import { createFirstAdmin } from "./first-admin.ts";

const email = "admin@wheelhouse.example";
const name = "Administrator";

/**
 * The superadmin of an installation that was started without a demo. Made once, with a random password that is kept in
 * `credentials.json` (mode 0600). An installation that has a superadmin gets no other.
 * @param changes on connections as the database's administrator.
 * @returns the sign-in; null when the superadmin is one whose password is not known here.
 */
export async function keepStarter({
  adminUrl,
  dataDir,
  changes,
}: {
  adminUrl: string;
  dataDir: string;
  changes: Pick<Changes, "runAsSystem">;
}): Promise<Credential | null> {
  const file = join(dataDir, "credentials.json");
  const kept = readCredentials(file);
  const present = await superadmins(adminUrl);
  const known = kept.find((each) => each.role === "superadmin" && present.includes(each.email));
  if (known) return known;
  // A start that was killed between file and database left the password in the file.
  const left = kept.find((each) => each.email === email);
  if (present.length > 0 && !present.includes(email)) return null;
  const password = await createFirstAdmin({ changes, email, name, password: left?.password });
  const made: Credential = { email, password, role: "superadmin", organization: platformOrganization.slug };
  writeCredentials(file, [...kept.filter((each) => each.email !== email), made]);
  return made;
}

async function superadmins(adminUrl: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ email: string }>(
      `select u.email from wheelhouse.users u join wheelhouse.memberships m on m.user_id = u.id
       where m.role = 'superadmin' and u.password_hash is not null and u.disabled_at is null limit 1000`,
    );
    return rows.map((row) => row.email);
  } finally {
    await client.end();
  }
}
