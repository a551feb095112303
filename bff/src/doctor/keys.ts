import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { variableReference } from "#config-reference.ts";
import { auditKeyIdOf, auditSeedFrom, trustedKeysOf } from "#features/audit/proof/proof.ts";
import { urlPurpose } from "#features/sources/catalogue.ts";
import { endpointPurpose, sourcePurpose } from "#features/webhooks/directory/directory.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { type Finding, fail, type MakeCheck, messageOf, pass, warn } from "./check.ts";
import type { Deployment } from "./deployment.ts";
import type { PostgresFound } from "./postgres.ts";

const differentBytesMin = 16;

/** Checks that the keys are random, and those with which the database was written. */
export async function checkKeys(
  check: MakeCheck,
  deployment: Deployment,
  { system, usable }: PostgresFound,
): Promise<void> {
  const random = await check("Secret key", () => checkRandom(deployment.secretKey));
  const missing: Finding = { status: "skip", says: "not connected" };
  await check("Stored secrets", () => (system ? checkStored(system, deployment.secretKey) : missing), {
    after: [usable, random],
  });
  await check("Audit key", () => (system ? checkAuditKey(system, deployment) : missing), { after: [usable] });
}

function checkRandom(secretKey: string): Finding {
  const isPublished = secretKey === variableReference.WHEELHOUSE_SECRET_KEY.example;
  if (!isPublished && new Set(Buffer.from(secretKey, "base64")).size >= differentBytesMin)
    return pass("32 bytes");
  return fail(
    "it is not random",
    "make one with `openssl rand -base64 32`; what was sealed with the former one has to be entered again",
  );
}

const stored: readonly { table: string; column: string; purpose: (id: string) => string }[] = [
  { table: "webhook_sources", column: "secret_box", purpose: sourcePurpose },
  { table: "webhook_sources", column: "previous_secret_box", purpose: sourcePurpose },
  { table: "webhook_endpoints", column: "secret_box", purpose: endpointPurpose },
  { table: "watched_sources", column: "url_box", purpose: urlPurpose },
];

async function checkStored(system: pg.Client, secretKey: string): Promise<Finding> {
  const box = createSecretBox(secretKey);
  let opened = 0;
  for (const { table, column, purpose } of stored) {
    const { rows } = await system.query<{ id: string; sealed: Buffer }>(
      `select id, ${column} as sealed from wheelhouse.${table} where ${column} is not null order by id desc limit 1`,
    );
    for (const { id, sealed } of rows)
      try {
        box.open(sealed, purpose(id));
        opened += 1;
      } catch {
        return fail(
          `a secret of ${table} does not open: it was sealed with another key`,
          "set WHEELHOUSE_SECRET_KEY to the one with which this database was written",
        );
      }
  }
  return pass(opened === 0 ? "none yet" : `${opened} opened`);
}

async function checkAuditKey(system: pg.Client, { config, secretKey }: Deployment): Promise<Finding> {
  const current = auditKeyIdOf(config.audit.signingSeed ?? auditSeedFrom(secretKey));
  const { rows } = await system.query<{ key_id: string }>(
    "select key_id from wheelhouse.audit_checkpoints group by key_id",
  );
  const path = join(config.dataDir, "audit-public-keys.pem");
  let isTrusted = (_keyId: string) => false;
  try {
    if (existsSync(path)) isTrusted = trustedKeysOf(readFileSync(path, "utf8")).has;
  } catch (error) {
    return fail(`${path}: ${messageOf(error)}`, "restore the file from a backup");
  }
  const unknown = rows.map(({ key_id }) => key_id).filter((id) => id !== current && !isTrusted(id));
  if (unknown.length > 0)
    return warn(
      `checkpoints are signed with ${unknown.join(", ")}, whose public key is not trusted here`,
      `restore ${path}, or set WHEELHOUSE_AUDIT_KEY to the former key`,
    );
  return pass(`signs as ${current}`);
}
