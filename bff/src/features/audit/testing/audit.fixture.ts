import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditVerification } from "@wheelhouse/shared/audit/proof.ts";
import pg from "pg";
import { pino } from "pino";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { systemClock } from "#lib/time/clock.ts";
import { testContext } from "#testing/contexts.ts";
import { createAuditCheckpoints } from "../proof/checkpoints.ts";
import { type AuditKeys, openAuditKeys } from "../proof/keys.ts";
import { createFileSink } from "../proof/sink-file.ts";
import { createAuditSinks } from "../proof/sinks.ts";
import { createAuditVerifier } from "../proof/verify.ts";
import { createAuditExpiry } from "../review/expiry.ts";
import { createChanges } from "../writing/changes.ts";

export type Organization = { id: string; slug: string; name: string };
type Urls = { appUrl: string; systemUrl: string; adminUrl: string };

const triggersOf = `
  select format('alter table %s %s trigger %I', t.tgrelid::regclass, $1::text, t.tgname) as statement
  from pg_trigger t where not t.tgisinternal and t.tgrelid::regclass::text like 'wheelhouse.audit%'`;

export const seedOf = () => randomBytes(32).toString("base64");

/** An audit trail with its full proof, and an attacker with full control of the database; for tests. */
export async function openTrail(urls: Urls, given: { keys?: AuditKeys; poolSize?: number } = {}) {
  const log = pino({ level: "silent" });
  const database = createDatabase({ ...urls, poolSize: given.poolSize ?? 16, log });
  const admin = new pg.Client({ connectionString: urls.adminUrl });
  admin.on("error", () => {});
  await admin.connect();
  const folder = mkdtempSync(join(tmpdir(), "wheelhouse-proof-"));
  const changes = createChanges({ database, box: createSecretBox(seedOf()), log });
  const keys = given.keys ?? openAuditKeys({ seed: seedOf(), publicKeysFile: join(folder, "keys.pem"), log });
  const checkpoints = createAuditCheckpoints({ database, keys, clock: systemClock });
  const file = createFileSink(join(folder, "checkpoints"));
  const delivery = createAuditSinks({ database, checkpoints, sinks: [file], log });
  const inside = {
    newest: async (id: string) => (await checkpoints.newest(id))?.checkpoint.number ?? 0,
    lines: (id: string) => checkpoints.lines(id),
  };
  const verifier = createAuditVerifier({ database, clock: systemClock, keys, inside, outside: file });

  return {
    urls,
    database,
    admin,
    changes,
    checkpoints,
    file,
    folder,
    keys,
    verifier,
    delivery,
    log,
    expiry: createAuditExpiry({ changes }),

    async newOrganization(slug: string): Promise<Organization> {
      const { rows } = await admin.query<{ id: string }>(
        "insert into wheelhouse.organizations (slug, name) values ($1, $1) returning id",
        [slug],
      );
      return { id: rows[0]?.id ?? "", slug, name: slug };
    },

    async record(organization: Organization, count: number) {
      for (let n = 1; n <= count; n += 1)
        await changes.recordAct(testContext(organization), "webhooks.source.create", {
          targets: [{ type: "thing", id: `thing ${n}`, name: `thing ${n}` }],
          after: { name: `thing ${n}` },
        });
    },

    /** Signs a checkpoint and copies it outside the database. */
    async sign(organization: Organization) {
      const checkpoint = await checkpoints.makeNow(organization.id);
      await delivery.flush();
      return checkpoint;
    },

    async verify({ id }: Pick<Organization, "id">): Promise<AuditVerification> {
      for await (const step of verifier.walk(id)) if (step.type === "result") return step;
      throw new Error("the verification ended without a result");
    },

    /**
     * Acts like an attacker with full control of the database: disables triggers and enables them again
     * afterwards.
     */
    async tamper(statements: readonly (readonly [text: string, values?: unknown[]])[]) {
      const switchTriggers = async (to: string) => {
        const { rows } = await admin.query<{ statement: string }>(triggersOf, [to]);
        for (const { statement } of rows) await admin.query(statement);
      };
      await admin.query("begin");
      await switchTriggers("disable");
      let touched = 0;
      for (const [text, values] of statements) touched += (await admin.query(text, values)).rowCount ?? 0;
      await switchTriggers("enable always");
      await admin.query("commit");
      return touched;
    },

    async close() {
      await admin.end();
      await database.close();
    },
  };
}
export type Trail = Awaited<ReturnType<typeof openTrail>>;
