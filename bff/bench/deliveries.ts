import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { pino } from "pino";
import { z } from "zod";
import { buildApp } from "#app/app.ts";
import { loadConfig } from "#config.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { openDeliveryData } from "./deliveries-data.ts";
import { deliveryDays, seeded } from "./deliveries-seed.ts";

const usualSize = 1_000_000;
const requests = 100;
const bar = { listMs: 25, textMs: 100, summaryMs: 50, groupsMs: 100 };
const log = pino({ level: "silent" });
const say = (text: string) => process.stdout.write(`${text}\n`);
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

/** By name: the path of request n, and the most that p95 may take. */
const measured: [name: string, limitMs: number, path: (n: number) => string][] = [
  ["no filter", bar.listMs, () => list("")],
  ["completed", bar.listMs, () => list("status=completed")],
  ["dead letters", bar.listMs, () => list("status=dead_letter")],
  ["pending, processing, failed", bar.listMs, () => list("status=pending,processing,failed")],
  ["discarded", bar.listMs, () => list("status=discarded")],
  ["endpoint", bar.listMs, (n) => list(`endpointId=${seeded.endpoint(0, n)}`)],
  ["type", bar.listMs, (n) => list(`eventType=${seeded.type(n)}`)],
  ["error class", bar.listMs, () => list("errorClass=http_4xx")],
  ["a day of last month", bar.listMs, () => list(`from=${daysAgo(31)}&to=${daysAgo(30)}`)],
  [
    "endpoint and type",
    bar.listMs,
    (n) => list(`endpointId=${seeded.endpoint(0, n)}&eventType=${seeded.type(n)}`),
  ],
  [
    "endpoint, type, dead letters",
    bar.listMs,
    (n) => list(`endpointId=${seeded.endpoint(0, n)}&eventType=${seeded.type(n * 7)}&status=dead_letter`),
  ],
  [
    "endpoint, error, failed",
    bar.listMs,
    (n) => list(`endpointId=${seeded.endpoint(0, n)}&errorClass=timeout&status=failed`),
  ],
  ["error and last month", bar.listMs, () => list(`errorClass=timeout,connect&to=${daysAgo(30)}`)],
  ["never: an error class", bar.listMs, () => list("status=completed,dead_letter&errorClass=tls")],
  ["never: a type", bar.listMs, () => list("eventType=no.such")],
  [
    "never: completed with an error",
    bar.listMs,
    (n) => list(`status=completed&errorClass=timeout&endpointId=${seeded.endpoint(0, n)}`),
  ],
  ["text: a frequent word", bar.textMs, () => list("q=maintenance")],
  ["text: words of few", bar.textMs, (n) => list(`q=field%20f${4_000 + n}`)],
  ["text: a type", bar.textMs, (n) => list(`q=${seeded.type(n)}`)],
  ["text: an endpoint", bar.textMs, (n) => list(`q=receiver%20${1 + (n % 20)}`)],
  ["text and status", bar.textMs, () => list("q=econnrefused&status=dead_letter")],
  ["text that never occurs", bar.textMs, (n) => list(`q=nothing-like-this-${n}`)],
  ["summary, last hour", bar.summaryMs, () => summary(`from=${daysAgo(1 / 24)}`)],
  ["summary, 24 h", bar.summaryMs, () => summary("")],
  ["summary, 7 d", bar.summaryMs, () => summary(`from=${daysAgo(7)}`)],
  ["summary, 90 d, dead letters", bar.summaryMs, () => summary(`from=${daysAgo(90)}&status=dead_letter`)],
  [
    "summary, 7 d, endpoint",
    bar.summaryMs,
    (n) => summary(`from=${daysAgo(7)}&endpointId=${seeded.endpoint(0, n)}`),
  ],
  ["groups of dead letters", bar.groupsMs, () => "/webhooks/dead-letters/groups"],
];
const list = (query: string) => `/webhooks/deliveries?${query}`;
const summary = (query: string) => `/webhooks/deliveries/summary?${query}`;

/**
 * Reading a delivery log of a million rows (or the number given as an argument) over 94 daily partitions, by HTTP from a
 * process of its own, signed in, with row-level security on. The data set is kept in `.wheelhouse/bench`.
 * @returns whether all targets are reached.
 */
export async function run(): Promise<boolean> {
  const size = Number(process.argv[3] ?? usualSize);
  const stack = await startStack(size);
  try {
    say(
      `${size.toLocaleString("en")} deliveries in ${deliveryDays} daily partitions, ${requests} requests each, by HTTP:`,
    );
    let isReached = true;
    for (const [name, limitMs, path] of measured)
      isReached = (await stack.measure(name, limitMs, path)) && isReached;
    const cursor = await deepPlace(stack.adminUrl, Math.min(500_000, Math.floor(size / 2)));
    return (await stack.measure("page 10,000", bar.listMs, () => list(`cursor=${cursor}`))) && isReached;
  } finally {
    await stack.end();
  }
}

async function startStack(size: number) {
  const data = await openDeliveryData(size);
  const { adminUrl } = data;
  const database = createDatabase({
    appUrl: data.url("wheelhouse_app"),
    systemUrl: data.url("wheelhouse_system"),
    poolSize: 10,
    log,
  });
  const redis = createRedis({ url: data.redisUrl, name: "bench", log });
  await new Promise((resolve) => redis.once("ready", resolve));
  const product = await buildApp({
    config: loadConfig({ WHEELHOUSE_DATA_DIR: data.dataDir, WHEELHOUSE_DEMO: "1", WHEELHOUSE_ROLES: "web" }),
    log,
    clock: systemClock,
    database,
    adminUrl,
    redis,
    redisUrl: data.redisUrl,
    secretKey: data.secretKey,
  });
  const address = await product.app.listen({ host: "127.0.0.1", port: 0 });
  const client = startClient();
  const headers = await signIn(
    address,
    product.credentials.find(({ role }) => role === "superadmin"),
  );
  return {
    adminUrl,
    measure: (name: string, limitMs: number, path: (n: number) => string) =>
      measure((n) => client.ask(`${address}/api/v1${path(n)}`, headers), name, limitMs),
    async end() {
      await client.end();
      await product.close();
      redis.disconnect();
      await database.close();
      await data.end();
    },
  };
}

async function signIn(address: string, person: { email: string; password: string } | undefined) {
  const response = await fetch(`${address}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: person?.email, password: person?.password }),
    signal: AbortSignal.timeout(10_000),
  });
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return { cookie, "x-wheelhouse-organization": seeded.organization(0) };
}

/** Two passes, of which the first warms connections and pages; the target applies to the second. */
async function measure(
  ask: (n: number) => Promise<{ tookMs: number; body: unknown }>,
  name: string,
  limitMs: number,
) {
  const pass = async () => {
    const times: number[] = [];
    let rows = 0;
    for (let n = 0; n < requests; n++) {
      const { tookMs, body } = await ask(n);
      // Equal first pages within a second share one query, so a repeated one is asked for after that.
      times.push(tookMs);
      rows += answer.parse(body).items?.length ?? 0;
    }
    times.sort((a, b) => a - b);
    const at = (part: number) => times[Math.floor(times.length * part)] ?? 0;
    return { p50: at(0.5), p95: at(0.95), rows: rows / requests };
  };
  const first = await pass();
  const again = await pass();
  const isReached = again.p95 <= limitMs;
  const figures = [first.p50, first.p95, again.p50, again.p95]
    .map((ms) => ms.toFixed(1).padStart(7))
    .join(" ");
  say(
    `  ${name.padEnd(32)} ${figures}  bar ${limitMs}  ${isReached ? "reached" : "MISSED"}  (${again.rows} rows)`,
  );
  return isReached;
}
const answer = z.object({ items: z.array(z.unknown()).optional() });

const answered = z.object({ tookMs: z.number(), body: z.unknown() });

/** Sends requests from a process of its own, one after the other. */
function startClient() {
  const script = fileURLToPath(new URL("http-client.mjs", import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(url: string, headers: Record<string, string>) {
      child.stdin.write(`${JSON.stringify([url, headers])}\n`);
      const { done, value } = await answers.next();
      if (done) throw new Error("the client has ended");
      return answered.parse(JSON.parse(value));
    },
    async end() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "close");
    },
  };
}

/** The list's cursor after that many deliveries of the first organization. */
async function deepPlace(adminUrl: string, depth: number): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const { rows } = await client.query<{ id: string; at: Date }>(
    `select id, created_at as at from wheelhouse.webhook_delivery_log where org_id = $1
     order by created_at desc, id desc offset $2 limit 1`,
    [seeded.organization(0), depth],
  );
  await client.end();
  const place = { createdAt: rows[0]?.at.toISOString(), id: rows[0]?.id };
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}
