import { tokenCapabilities } from "@wheelhouse/shared/access/rights.ts";
import type { Role } from "@wheelhouse/shared/capabilities.ts";
import pg from "pg";
import { hashToken, newToken } from "#features/access/sessions/store.ts";
import { hashApiToken, makeApiToken, tokenPrefixLength } from "#features/access/sessions/token-identity.ts";
import { ensureOrganization, ensureUser } from "#features/access/sign-in/seed.ts";
import type { TestApp } from "./access-app.ts";

export const letters = { V: "viewer", O: "operator", A: "admin", U: "auditor", S: "superadmin" } as const;
export type Letter = keyof typeof letters;
export const everybody: readonly Letter[] = ["V", "O", "A", "U", "S"];

/** Organizations in relation to a member of `own`. */
export const places = { own: "sweep-own", parent: "sweep", child: "sweep-child", foreign: "sweep-foreign" };

type SessionState = Partial<{ expires_at: Date; last_seen_at: Date; revoked_at: Date; previous: boolean }>;

/** One person of each role in the middle of a tree, and ways to create valid and invalid credentials for them. */
export async function makeCallers(test: TestApp, adminUrl: string) {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 });
  await admin.connect();
  const make = (slug: string, parentId: string | null) =>
    ensureOrganization(admin, { slug, name: slug, parentId });
  const parent = await make(places.parent, null);
  const own = await make(places.own, parent);
  await make(places.child, own);
  await make(places.foreign, null);
  const platform = "00000000-0000-7000-8000-000000000001";
  const ids = new Map<Letter, string>();
  for (const letter of everybody) {
    const role: Role = letters[letter];
    const email = `${role}@sweep.example`;
    const organizationId = role === "superadmin" ? platform : own;
    await ensureUser(admin, { email, name: role, passwordHash: "-", organizationId, role });
    const { rows } = await admin.query("select id from wheelhouse.users where email = $1", [email]);
    ids.set(letter, String(rows[0]?.id));
  }
  await admin.end();
  const idOf = (letter: Letter) => {
    const id = ids.get(letter);
    if (!id) throw new Error(`nobody has the letter ${letter}`);
    return id;
  };

  return {
    idOf,
    /** A session token; its default organization is `own`, for the superadmin as well. */
    async session(letter: Letter, { previous = false, ...state }: SessionState = {}): Promise<string> {
      const token = newToken();
      await test.database.system
        .insertInto("sessions")
        .values({
          token_hash: hashToken(previous ? newToken() : token),
          ...(previous
            ? { previous_token_hash: hashToken(token), previous_until: new Date(Date.now() + 600_000) }
            : {}),
          user_id: idOf(letter),
          default_org_id: own,
          auth_method: "password",
          expires_at: new Date(Date.now() + 3_600_000),
          ...state,
        })
        .execute();
      return token;
    },
    /** An API token with every right that tokens carry, created by the superadmin in `own`. */
    async apiToken(state: Partial<{ expires_at: Date; revoked_at: Date; created_by: string }> = {}) {
      const token = makeApiToken();
      await test.database.asOrganizations([own], (tx) =>
        tx
          .insertInto("api_tokens")
          .values({
            org_id: own,
            name: "sweep",
            prefix: token.slice(0, tokenPrefixLength),
            token_hash: hashApiToken(token),
            capabilities: [...tokenCapabilities],
            created_by: idOf("S"),
            ...state,
          })
          .execute(),
      );
      return token;
    },
  };
}
export type Callers = Awaited<ReturnType<typeof makeCallers>>;
