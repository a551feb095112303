import pg from "pg";
import { z } from "zod";
import { type Found, unreached, wordsOf } from "./found.ts";

const kept = { kind: "postgres" } as const;
const about = z.object({
  version: z.string(),
  database: z.string(),
  monitors: z.boolean(),
  role: z.string(),
});

/** Reads what a Postgres server tells this role. `client` is not connected yet; the caller ends it. */
export async function examinePostgres(client: pg.Client): Promise<Found> {
  const startedMs = performance.now();
  try {
    await client.connect();
    const { rows } = await client.query(
      `select current_setting('server_version') as version, current_database()::text as database, current_user::text as role,
              pg_has_role(current_user, 'pg_read_all_stats', 'usage') as monitors`,
    );
    const { version, database, monitors, role } = about.parse(rows[0]);
    const [number = version] = version.split(" ");
    return {
      kept,
      state: "ok",
      found: monitors
        ? `database ${database}, all statistics readable`
        : `database ${database}, sessions of other roles hidden`,
      product: `Postgres ${number}`,
      latencyMs: Math.round(performance.now() - startedMs),
      refusals: [],
      remedy: monitors
        ? null
        : {
            text: "Long transactions and blocked queries of other roles are hidden. This line, run as an administrator, shows them and gives no access to data:",
            line: `GRANT pg_monitor TO ${pg.escapeIdentifier(role)};`,
          },
      queues: [],
      queueCount: 0,
    };
  } catch (error) {
    return unreached(kept, error, remedyOf(error));
  }
}

function remedyOf(error: unknown): Found["remedy"] {
  const code = error instanceof pg.DatabaseError ? error.code : undefined;
  const text =
    code === "28P01" || code === "28000"
      ? "Correct the user and the password of the address, or allow this machine in pg_hba.conf."
      : code === "3D000"
        ? "Correct the name of the database at the end of the address."
        : /may not be reached/.test(wordsOf(error))
          ? "Link-local and metadata addresses are never watched. Give the address of the server itself."
          : "Check host and port, that the server runs, and that this machine may reach it; where it demands TLS, add ?sslmode=require.";
  return { text, line: null };
}
