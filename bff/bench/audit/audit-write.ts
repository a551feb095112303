import { randomBytes, randomUUID } from "node:crypto";
import pg from "pg";
import { pino } from "pino";
import { createChanges } from "#features/audit/writing/changes.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { testContext } from "#testing/contexts.ts";
import { startBenchStack } from "../bench-stack.ts";

const writers = 16;
const roundMs = 5_000;
const rounds = 4;
const bar = 0.7;

type Organization = { id: string; slug: string; name: string };

/**
 * Changes with their audit row by 16 writers, with and without the chain (its trigger disabled), alternating on the
 * same server with durable commits, over 50 organizations and over one.
 * @returns whether 50 organizations reach 70 %.
 */
export async function run(): Promise<boolean> {
  const log = pino({ level: "silent" });
  const stack = await startBenchStack();
  const { environment } = stack;
  const database = createDatabase({
    appUrl: environment.DATABASE_URL,
    systemUrl: environment.DATABASE_SYSTEM_URL,
    poolSize: writers,
    log,
  });
  const admin = new pg.Client({ connectionString: environment.DATABASE_ADMIN_URL });
  await admin.connect();
  const changes = createChanges({
    database,
    log,
    box: createSecretBox(randomBytes(32).toString("base64")),
  });

  async function seal(mode: "enable always" | "disable") {
    const { rows } = await admin.query<{ relation: string }>(
      "select tgrelid::regclass::text as relation from pg_trigger where tgname = 'seal'",
    );
    for (const { relation } of rows) await admin.query(`alter table ${relation} ${mode} trigger seal`);
  }

  async function organizationsOf(count: number): Promise<Organization[]> {
    const { rows } = await admin.query<Organization>(
      `insert into wheelhouse.organizations (slug, name)
       select 'bench-${count}-' || n, 'Bench ' || n from generate_series(1, $1::int) n returning id, slug, name`,
      [count],
    );
    return rows;
  }

  /** Transactions per second. */
  async function measure(organizations: readonly Organization[], durationMs: number): Promise<number> {
    const begunAt = performance.now();
    let done = 0;
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let n = 0; performance.now() - begunAt < durationMs; n += 1) {
          const organization = organizations[(writer + n * writers) % organizations.length];
          if (!organization) return;
          await changes.run(testContext(organization), "webhooks.source.create", async (tx) => {
            const id = randomUUID();
            await tx
              .insertInto("idempotency_keys")
              .values({
                org_id: organization.id,
                actor_id: "bench",
                key: id,
                result: null,
                request_hash: Buffer.alloc(32),
              })
              .execute();
            return {
              result: null,
              audit: { targets: [{ type: "key", id, name: "bench" }], after: { reason: "bench" } },
            };
          });
          done += 1;
        }
      }),
    );
    return (done * 1000) / (performance.now() - begunAt);
  }

  try {
    const results: { organizations: number; chained: number; plain: number }[] = [];
    for (const count of [50, 1]) {
      const organizations = await organizationsOf(count);
      await measure(organizations, 2_000);
      const [chained, plain]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        await seal("disable");
        plain.push(await measure(organizations, roundMs));
        await seal("enable always");
        chained.push(await measure(organizations, roundMs));
      }
      results.push({ organizations: count, chained: median(chained), plain: median(plain) });
    }
    for (const { organizations, chained, plain } of results)
      process.stdout.write(
        `${writers} writers, ${organizations} organization(s): ${chained.toFixed(0)} changes/s with the chain, ` +
          `${plain.toFixed(0)} without, ${((100 * chained) / plain).toFixed(0)} %\n`,
      );
    const [many] = results;
    const isReached = many !== undefined && many.chained / many.plain >= bar;
    process.stdout.write(`Bar: ${bar * 100} % with 50 organizations, ${isReached ? "reached" : "MISSED"}\n`);
    return isReached;
  } finally {
    await admin.end();
    await database.close();
    await stack.end();
  }
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
