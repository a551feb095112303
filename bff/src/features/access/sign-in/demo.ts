import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Role } from "@wheelhouse/shared/capabilities.ts";
import pg from "pg";
import { platformOrganization } from "#lib/http/request-context.ts";
import { type Credential, readCredentials, writeCredentials } from "./credentials-file.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import { ensureOrganization, ensureUser } from "./seed.ts";

type Person = { email: string; name: string; role: Role; organization: string };

const organizations = [
  { slug: "northwind", name: "Northwind", parent: null },
  { slug: "northwind-eu", name: "Northwind EU", parent: "northwind" },
  { slug: "contoso", name: "Contoso", parent: null },
] as const;

const people: readonly Person[] = [
  {
    email: "emma.lindqvist@northwind.example",
    name: "Emma Lindqvist",
    role: "viewer",
    organization: "northwind",
  },
  {
    email: "jonas.weber@northwind.example",
    name: "Jonas Weber",
    role: "operator",
    organization: "northwind",
  },
  { email: "priya.raman@northwind.example", name: "Priya Raman", role: "admin", organization: "northwind" },
  { email: "aiko.tanaka@northwind.example", name: "Aiko Tanaka", role: "auditor", organization: "northwind" },
  { email: "tomas.alvarez@contoso.example", name: "Tomás Álvarez", role: "admin", organization: "contoso" },
  { email: "grace.okafor@contoso.example", name: "Grace Okafor", role: "viewer", organization: "contoso" },
  {
    email: "noor.haddad@platform.example",
    name: "Noor Haddad",
    role: "superadmin",
    organization: "platform",
  },
];

/**
 * Creates the organizations and people of the demo. Passwords are random, generated once per data folder and
 * kept in `credentials.json` (mode 0600); running it again changes nothing.
 * @param adminUrl connection as the database's administrator.
 */
export async function seedDemo({
  adminUrl,
  dataDir,
  passwords = createPasswords(),
}: {
  adminUrl: string;
  dataDir: string;
  passwords?: Pick<Passwords, "hash">;
}): Promise<Credential[]> {
  const file = join(dataDir, "credentials.json");
  const kept = new Map(readCredentials(file).map(({ email, password }) => [email, password]));
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("begin");
    const ids = new Map<string, string>([[platformOrganization.slug, platformOrganization.id]]);
    for (const { slug, name, parent } of organizations)
      ids.set(
        slug,
        await ensureOrganization(client, { slug, name, parentId: parent ? (ids.get(parent) ?? null) : null }),
      );
    const present = await client.query<{ email: string }>(
      "select email from wheelhouse.users where email = any ($1) and password_hash is not null",
      [people.map(({ email }) => email)],
    );
    const known = new Set(present.rows.map(({ email }) => email));
    const credentials: Credential[] = [];
    for (const { email, name, role, organization } of people) {
      const organizationId = ids.get(organization);
      if (!organizationId) throw new Error(`the demo has no organization ${organization}`);
      const earlier = kept.get(email);
      const password = earlier ?? randomBytes(12).toString("base64url");
      credentials.push({ email, password, role, organization });
      if (earlier && known.has(email)) continue;
      await ensureUser(client, {
        email,
        name,
        organizationId,
        role,
        passwordHash: await passwords.hash(password),
      });
    }
    // Written before the commit, because a password stored only in the database would be lost.
    writeCredentials(file, credentials);
    await client.query("commit");
    return credentials;
  } finally {
    await client.end();
  }
}
