// Gives an installation its first superadmin, or one who exists another password:
//   DATABASE_ADMIN_URL=… npm run create-admin -- --email you@example.org --name "Your Name"
// The password is the first line of standard input; without one it is made and shown once.
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { readSecretFiles } from "#config-secrets.mjs";
import { explained } from "#doctor/doctor.ts";
import { createFirstAdmin } from "#features/access/sign-in/sign-in.ts";
import { createChanges } from "#features/audit/writing/writing.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";

const { values } = parseArgs({ options: { email: { type: "string" }, name: { type: "string" } } });

try {
  // The only variable it needs; it does not read the rest of the configuration.
  const { given, problems } = readSecretFiles(process.env);
  const problem = problems.get("DATABASE_ADMIN_URL_FILE");
  if (problem) throw new Error(`DATABASE_ADMIN_URL_FILE ${problem}`);
  const adminUrl = given.DATABASE_ADMIN_URL;
  if (!adminUrl)
    throw new Error("DATABASE_ADMIN_URL is missing: only the database administrator may do this");
  if (!URL.canParse(adminUrl) || !/^postgres(ql)?:/.test(adminUrl))
    throw new Error(
      "DATABASE_ADMIN_URL must be a URL such as postgres://user:password@host:5432/database; what is not a letter or digit in the password is percent-encoded",
    );
  if (!values.email) throw new Error("--email is missing");
  const typed = process.stdin.isTTY ? "" : (await text(process.stdin)).split(/\r?\n/)[0];
  const { email, name = email } = values;
  const log = pino({ level: "error" }, pino.destination(2));
  const database = createDatabase({
    appUrl: adminUrl,
    systemUrl: adminUrl,
    poolSize: 1,
    isAdministrator: true,
    log,
  });
  // The command has no Idempotency-Key whose answer would be stored, so nothing is sealed.
  const box = createSecretBox(randomBytes(32).toString("base64"));
  const changes = createChanges({ database, box, log });
  const password = await createFirstAdmin({ changes, email, name, password: typed || undefined })
    .catch(explained(adminUrl))
    .finally(() => database.close());
  process.stdout.write(`${email} is superadmin of this installation.\n`);
  if (!typed) process.stdout.write(`Password, shown this once: ${password}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
