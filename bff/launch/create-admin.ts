// Gives an installation its first superadmin, or one who exists another password:
//   DATABASE_ADMIN_URL=… node --import tsx launch/create-admin.ts --email you@example.org --name "Your Name"
// The password is the first line of standard input; without one it is made and shown once.
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { createFirstAdmin } from "#features/access/access-first-admin.ts";

const { values } = parseArgs({ options: { email: { type: "string" }, name: { type: "string" } } });
// The one variable it needs; the rest of the configuration is none of its business.
const adminUrl = process.env.DATABASE_ADMIN_URL;

try {
  if (!adminUrl)
    throw new Error("DATABASE_ADMIN_URL is missing: only the database's administrator may do this");
  if (!values.email) throw new Error("--email is missing");
  const typed = process.stdin.isTTY ? "" : (await text(process.stdin)).split(/\r?\n/)[0];
  const { email, name = email } = values;
  const password = await createFirstAdmin({ adminUrl, email, name, password: typed || undefined });
  process.stdout.write(`${email} is superadmin of this installation.\n`);
  if (!typed) process.stdout.write(`Password, shown this once: ${password}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
