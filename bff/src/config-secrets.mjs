import { readFileSync } from "node:fs";

// Plain JavaScript without packages, as `config-rules.mjs`.

/** Variables whose value may lie in a file that `<name>_FILE` names, as orchestrators hand secrets over. */
export const secretVariables = /** @type {const} */ ([
  "DATABASE_URL",
  "DATABASE_SYSTEM_URL",
  "DATABASE_ADMIN_URL",
  "REDIS_URL",
  "WHEELHOUSE_SECRET_KEY",
  "WHEELHOUSE_OIDC_CLIENT_SECRET",
  "WHEELHOUSE_HEALTH_TOKEN",
  "WHEELHOUSE_SMTP_URL",
  "WHEELHOUSE_AUDIT_KEY",
  "WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID",
  "WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY",
]);

/**
 * The variables that have a value, with those of files in the place of their `_FILE` variables. Neither a value nor a
 * path is ever part of a problem, because people mistake one for the other.
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {{ given: Record<string, string | undefined>, problems: Map<string, string> }}
 */
export function readSecretFiles(environment) {
  const given = new Map(Object.entries(environment).filter(([, value]) => value?.trim()));
  const problems = new Map();
  for (const name of secretVariables) {
    const fileName = `${name}_FILE`;
    const path = given.get(fileName);
    given.delete(fileName);
    if (path === undefined) continue;
    if (given.has(name)) {
      problems.set(fileName, `is set beside ${name}: remove one of the two`);
      continue;
    }
    const { value, problem } = readSecret(path);
    if (value) given.set(name, value);
    else problems.set(fileName, `${problem}: name a file that holds the value, or set ${name}`);
  }
  return { given: Object.fromEntries(given), problems };
}

/** @param {string} path @returns {{ value?: string, problem?: string }} */
function readSecret(path) {
  try {
    // Editors and `echo` end a file with a line break.
    const value = readFileSync(path, "utf8").trim();
    return value === "" ? { problem: "names an empty file" } : { value };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reasons = new Map([
      ["ENOENT", "names a file that does not exist"],
      ["EACCES", "names a file that this process may not read"],
      ["EISDIR", "names a folder"],
    ]);
    return { problem: reasons.get(code) ?? `names a file that cannot be read (${code})` };
  }
}
