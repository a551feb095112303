import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { pino } from "pino";
import { z } from "zod";
import { buildApp } from "#app.ts";
import { loadConfig } from "#config.ts";
import { createGuardian } from "#embedded/guardian.ts";
import { startEmbeddedPostgres } from "#embedded/postgres.ts";
import { startEmbeddedRedis } from "#embedded/redis.ts";
import { openSecrets } from "#embedded/secrets.ts";
import { systemClock } from "#lib/clock.ts";
import { migrate } from "#lib/migrate.ts";
import { createDatabase } from "#lib/postgres.ts";
import { createRedis } from "#lib/redis.ts";
import { seededOrganization, seedTrail } from "./audit-read-seed.ts";

const usualSize = 10_000_000;
const requests = 40;
const bar = { firstPageMs: 25, textMs: 100, rowsPerSecond: 200_000, memoryMb: 150 };
const log = pino({ level: "silent" });
const say = (text: string) => process.stdout.write(`${text}\n`);

/**
 * Reading a trail of 10 million events (or as many as the argument says) over 50 organizations, by HTTP, signed in, with
 * row-level security on: the first page under every kind of filter, the deepest page, an export. The seed is kept in
 * `.wheelhouse/bench`. @returns whether all bars are reached.
 */
export async function run(): Promise<boolean> {
  const size = Number(process.argv[3] ?? usualSize);
  const stack = await startStack(size);
  try {
    return await measure(stack, size);
  } finally {
    await stack.end();
  }
}

async function startStack(size: number) {
  const dataDir = fileURLToPath(new URL(`../../.wheelhouse/bench/audit-${size}`, import.meta.url));
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const redisDir = mkdtempSync(join(tmpdir(), "wheelhouse-bench-"));
  chmodSync(redisDir, 0o711);
  const guardian = createGuardian();
  const secrets = openSecrets(dataDir);
  const [postgres, redisServer] = await Promise.all([
    startEmbeddedPostgres({ guardian, dataDir, secrets, log }),
    startEmbeddedRedis({ guardian, dataDir: redisDir, log }),
  ]);
  const { adminUrl } = postgres;
  await migrate({ adminUrl, log });
  const seeded = join(dataDir, "seeded");
  if (!existsSync(seeded)) {
    const beganAt = performance.now();
    await seedTrail(adminUrl, size, (text) =>
      say(`  ${Math.round((performance.now() - beganAt) / 1_000)} s: ${text}`),
    );
    writeFileSync(seeded, "");
  }
  const environment = {
    ...{ WHEELHOUSE_DATA_DIR: dataDir, WHEELHOUSE_DEMO: "1", WHEELHOUSE_ROLES: "web" },
    ...{ WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: "1000000" },
  };
  const config = loadConfig(environment);
  const database = createDatabase({
    ...{
      appUrl: postgres.url("wheelhouse", "wheelhouse_app"),
      systemUrl: postgres.url("wheelhouse", "wheelhouse_system"),
    },
    ...{ poolSize: 10, log },
  });
  const redis = createRedis({ url: redisServer.url, name: "bench", log });
  await new Promise((resolve) => redis.once("ready", resolve));
  const product = await buildApp({
    ...{ config, log, clock: systemClock, database, adminUrl, redis },
    ...{ redisUrl: redisServer.url, secretKey: secrets.secretKey },
  });
  const address = await product.app.listen({ host: "127.0.0.1", port: 0 });
  const person = product.credentials.find(({ role }) => role === "superadmin");
  const signIn = await fetch(`${address}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: person?.email, password: person?.password }),
    signal: AbortSignal.timeout(10_000),
  });
  const cookie = signIn.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return {
    adminUrl,
    read: (organization: number, path: string) =>
      fetch(`${address}/api/v1${path}`, {
        headers: { cookie, "x-wheelhouse-organization": seededOrganization(organization) },
        signal: AbortSignal.timeout(120_000),
      }),
    async end() {
      await product.close();
      redis.disconnect();
      await database.close();
      await guardian.end();
      rmSync(redisDir, { recursive: true, force: true });
    },
  };
}
type Stack = Awaited<ReturnType<typeof startStack>>;

const listed = z.object({ items: z.array(z.object({ id: z.string() })), nextCursor: z.string().nullable() });
const counted = z.object({ count: z.number(), isMore: z.boolean() });
const twelve = (n: number) => n.toString(16).padStart(12, "0");
const actorOf = (org: number, n: number) => `0198e001-0000-7000-8000-${twelve((org + 1) * 100 + (n % 43))}`;
const targetOf = (org: number, n: number) =>
  `0198e002-0000-7000-8000-${twelve((org + 1) * 1_000 + (n % 300))}`;
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

const filters: [name: string, query: (org: number, n: number) => string][] = [
  ["no filter", () => ""],
  ["actor", (org, n) => `actor=${actorOf(org, n)}`],
  ["action", () => "action=access.member.update"],
  ["outcome", () => "outcome=denied"],
  ["class", () => "class=breakers"],
  ["target", (org, n) => `target=${targetOf(org, n)}`],
  ["hour of the week", (_, n) => `slot=${1 + (n % 7)}-${String(n % 24).padStart(2, "0")}`],
  ["a day half a year ago", () => `from=${daysAgo(181)}&to=${daysAgo(180)}`],
  ["actor and action", (org, n) => `actor=${actorOf(org, n)}&action=breakers.breaker.reset`],
  ["actor and outcome", (org, n) => `actor=${actorOf(org, n)}&outcome=failure`],
  ["class and outcome", () => "class=webhooks&outcome=failure"],
  ["action and target", (org, n) => `action=app:stock.move&target=${targetOf(org, n)}`],
  ["target and time", (org, n) => `target=${targetOf(org, n)}&to=${daysAgo(90)}`],
  ["what never occurs", () => "action=app:stock.move&outcome=denied&target=nobody"],
  ["text: a rare word", (_, n) => `q=inc-${4_000 + n}`],
  ["text: a frequent word", () => "q=certificate"],
  ["text: beginnings", () => "q=cert%20ren"],
  ["text and actor", (org, n) => `q=capacity&actor=${actorOf(org, n)}`],
];

async function measure(stack: Stack, size: number): Promise<boolean> {
  const perOrganization = Math.floor(size / 50);
  say(`${size.toLocaleString("en")} events over 50 organizations, ${requests} requests each, by HTTP:`);
  let isReached = true;
  const line = async (name: string, limitMs: number, pathOf: (org: number, n: number) => string) => {
    const times: number[] = [];
    let rows = 0;
    for (let n = 0; n < requests; n++) {
      const org = (n * 7) % 50;
      const beganAt = performance.now();
      const answer = await stack.read(org, pathOf(org, n));
      const body = listed.parse(await answer.json());
      times.push(performance.now() - beganAt);
      rows += body.items.length;
    }
    times.sort((a, b) => a - b);
    const p = (part: number) =>
      (times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0).toFixed(1);
    const ok = Number(p(0.95)) <= limitMs;
    isReached &&= ok;
    say(
      `  ${name.padEnd(26)} p50 ${p(0.5).padStart(7)} ms  p95 ${p(0.95).padStart(7)} ms  bar ${limitMs} ms  ${ok ? "reached" : "MISSED"}  (${(rows / requests).toFixed(1)} rows)`,
    );
  };
  await line("(warming)", Number.POSITIVE_INFINITY, (_, n) => `/audit/events?limit=${1 + n}`);
  for (const [name, query] of filters)
    await line(
      name,
      name.startsWith("text") ? bar.textMs : bar.firstPageMs,
      (org, n) => `/audit/events?${query(org, n)}`,
    );
  const depth = Math.min(500_000, Math.floor(perOrganization * 0.95));
  const cursors = await deepPlaces(stack.adminUrl, depth);
  await line(
    `page ${Math.floor(depth / 50).toLocaleString("en")}`,
    bar.firstPageMs,
    (org) => `/audit/events?cursor=${cursors[org]}`,
  );
  const count = counted.parse(await (await stack.read(3, "/audit/count")).json());
  say(`  count: ${count.count.toLocaleString("en")}${count.isMore ? "+" : ""}`);
  for (const format of ["ndjson", "csv"]) isReached = (await exportOnce(stack, format)) && isReached;
  return isReached;
}

/** The list's cursor behind so many events, per organization. */
async function deepPlaces(adminUrl: string, depth: number): Promise<string[]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const places: string[] = [];
  for (let org = 0; org < 50; org++) {
    const { rows } = await client.query<{ id: string; at: Date }>(
      `select c.audit_id as id, c.recorded_at as at from wheelhouse.audit_chain c
       where c.org_id = $1 order by c.seq desc offset $2 limit 1`,
      [seededOrganization(org), depth],
    );
    const place = { recordedAt: rows[0]?.at.toISOString(), id: rows[0]?.id };
    places.push(Buffer.from(JSON.stringify(place)).toString("base64url"));
  }
  await client.end();
  return places;
}

async function exportOnce(stack: Stack, format: string): Promise<boolean> {
  const beganAt = performance.now();
  const before = process.memoryUsage().rss;
  let most = before;
  let bytes = 0;
  let tail = "";
  const answer = await stack.read(11, `/audit/export?format=${format}`);
  for await (const part of answer.body ?? []) {
    bytes += part.length;
    tail = Buffer.from(part).toString("latin1").slice(-400);
    most = Math.max(most, process.memoryUsage().rss);
  }
  const seconds = (performance.now() - beganAt) / 1_000;
  const rows = Number(/(?:"rows":|end of export,)(\d+)/.exec(tail)?.[1] ?? 0);
  const grownMb = (most - before) / 1_048_576;
  const ok = rows / seconds >= bar.rowsPerSecond && grownMb <= bar.memoryMb;
  say(
    `  export ${format.padEnd(7)} ${rows.toLocaleString("en")} rows in ${seconds.toFixed(2)} s: ${Math.round(rows / seconds).toLocaleString("en")} rows/s, ` +
      `${Math.round(bytes / 1_048_576 / seconds)} MB/s, memory +${grownMb.toFixed(0)} MB  ${ok ? "reached" : "MISSED"}`,
  );
  return ok;
}
