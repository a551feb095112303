import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { Config } from "#config.ts";
import { keepStarter } from "#features/access/sign-in/sign-in.ts";
import { createChanges } from "#features/audit/writing/writing.ts";
import type { GivenReport } from "#features/sources/sources.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";

/** The sign-in of the superadmin that a start without demo makes once; null when there is another one. */
export async function prepareStarter(
  { dataDir }: Pick<Config, "dataDir">,
  { adminUrl, log }: { adminUrl: string; log: Logger },
) {
  const database = createDatabase({
    appUrl: adminUrl,
    systemUrl: adminUrl,
    poolSize: 1,
    isAdministrator: true,
    log,
  });
  // It has no Idempotency-Key whose answer would be stored, so nothing is sealed.
  const box = createSecretBox(randomBytes(32).toString("base64"));
  const changes = createChanges({ database, box, log });
  return keepStarter({ adminUrl, dataDir, changes }).finally(() => database.close());
}

const kinds = { redis: "Redis", postgres: "Postgres", service: "health check", prometheus: "metrics" };
const outcomes = {
  kept: "watched from now on",
  known: "watched already",
  changed: "watched with the new user and password",
  refused: "not watched",
};

/** What became of the addresses given to a start, as lines for its terminal. */
export function describeGiven({ given, left }: GivenReport): string {
  const lines = given.flatMap(({ trial, outcome, problem }) => {
    const { shown, kept, found, product, latencyMs, refusals, remedy } = trial;
    const took = latencyMs === null ? "" : ` (${latencyMs} ms)`;
    const mark = outcome === "refused" ? "✗" : trial.state === "ok" ? "✓" : "!";
    return [
      `  ${mark} ${shown}: ${product ?? kinds[kept.kind]}, ${found}${took}; ${outcomes[outcome]}`,
      ...[...refusals, ...(problem === null ? [] : [problem])].map((text) => `      ${text}`),
      ...(remedy === null
        ? []
        : [`      ${remedy.text}`, ...(remedy.line === null ? [] : [`      ${remedy.line}`])]),
    ];
  });
  if (left.length > 0)
    lines.push(
      `  Still watched, though not named this time: ${left.join(", ")}. Delete what is not wanted on the Sources page.`,
    );
  return lines.map((line) => `${line}\n`).join("");
}
