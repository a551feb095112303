import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { cpuUsedMs, startProgram, treeUsedMs } from "../bench-stack.ts";
import { openDeliveryData } from "../deliveries-data.ts";
import { seeded } from "../deliveries-seed.ts";

const [, , , count = "1000", seconds = "30"] = process.argv;
const connections = Number(count);
const measuredMs = Number(seconds) * 1_000;
const warmUpMs = 10_000;
const thinkMs = 2_000;
/** Of which the first organization has 90 %. */
const deliveries = Number(process.argv[5] ?? 1_120_000);
const bar = { p95Ms: 100 };
const say = (text: string) => void process.stdout.write(`${text}\n`);

const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const lastDay = `from=${new Date(hour - 86_400_000).toISOString()}&to=${new Date(hour + 3_600_000).toISOString()}`;

/** What the pages of an organization read when they open, and the usual filters of the long lists. */
const pages = [
  "/overview",
  "/health",
  "/breakers",
  `/breakers/moves?${lastDay}`,
  "/caches",
  "/caches/servers",
  "/queues",
  "/history/journal",
  `/history/annotations?${lastDay}`,
  "/deployments",
  "/maintenance",
  "/sources",
  "/session",
  "/organizations",
  "/members",
  "/invitations",
  "/tokens",
  "/limits",
  "/sessions",
  "/organization/sessions",
  "/audit/events",
  "/audit/count",
  `/audit/activity?${lastDay}`,
  "/audit/facets?key=action",
  "/audit/reviews",
  "/audit/checkpoints",
  "/audit/views",
  "/webhooks/deliveries",
  "/webhooks/deliveries?status=dead_letter",
  "/webhooks/deliveries?status=pending,processing,failed",
  "/webhooks/deliveries?errorClass=timeout",
  "/webhooks/deliveries/summary",
  "/webhooks/dead-letters/groups",
  `/webhooks/statistics?${lastDay}`,
  "/webhooks/events",
  "/webhooks/events/summary",
  "/webhooks/endpoints",
  "/webhooks/sources",
  "/webhooks/replays",
  "/webhooks/refusals",
];

const ready = z.object({ address: z.string(), email: z.string(), password: z.string() });
const items = z.object({ items: z.array(z.object({ id: z.string() })) });
const figures = z.object({ count: z.number(), p50: z.number(), p95: z.number(), max: z.number() });
const seen = z.object({
  all: figures,
  paths: z.array(figures.extend({ path: z.string() })),
  errors: z.array(z.object({ what: z.string(), count: z.number() })),
});
type Headers = Record<string, string>;

async function signIn({ address, email, password }: z.infer<typeof ready>): Promise<string> {
  const response = await fetch(`${address}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
    signal: AbortSignal.timeout(20_000),
  });
  return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

/** Every page's endpoint answers before anything is measured, also those of single rows. */
async function pathsOf(address: string, headers: Headers): Promise<string[]> {
  const read = async (path: string) => {
    const response = await fetch(`${address}/api/v1${path}`, {
      headers,
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
    return text;
  };
  for (const path of pages) await read(path);
  const ids = async (path: string) =>
    items
      .parse(JSON.parse(await read(path)))
      .items.slice(0, 20)
      .map(({ id }) => id);
  const single = [
    ...(await ids("/webhooks/deliveries")).map((id) => `/webhooks/deliveries/${id}`),
    ...(await ids("/webhooks/deliveries?status=dead_letter")).map((id) => `/webhooks/deliveries/${id}`),
    ...(await ids("/webhooks/endpoints")).map((id) => `/webhooks/endpoints/${id}`),
  ];
  // A tenth of what is read.
  const some = single.slice(0, Math.ceil(pages.length / 10));
  return [...pages, ...some].map((path) => `/api/v1${path}`);
}

/** Readiness by a caller of its own, four times a second. */
function watchReadiness(address: string) {
  let isOver = false;
  const statuses = new Map<number, number>();
  const watching = (async () => {
    while (!isOver) {
      const status = await fetch(`${address}/health/readiness`, { signal: AbortSignal.timeout(10_000) }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      await wait(250);
    }
  })();
  return {
    async end() {
      isOver = true;
      await watching;
      return statuses;
    },
  };
}

/** Starts the readers, and resolves with what they saw. */
async function runReaders(options: object, begin: () => void) {
  const script = fileURLToPath(new URL("./readers.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script], {
    env: { PATH: process.env.PATH, READERS: JSON.stringify(options) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  begin();
  child.stdin.write("go\n");
  const { done, value } = await lines.next();
  if (done) throw new Error("the readers have ended");
  return seen.parse(JSON.parse(value));
}

/**
 * A thousand connections (or the number in the second argument) that read what all pages read, each with two seconds of
 * thinking in between, for 30 s (or the third argument). Two thirds look at an organization with a million deliveries.
 * @returns whether p95 stays below 100 ms without an error, and the process stays ready.
 */
export async function run(): Promise<boolean> {
  const data = await openDeliveryData(deliveries);
  const program = await startProgram("./queues-wheelhouse.ts", {
    DATABASE_URL: data.url("wheelhouse_app"),
    DATABASE_SYSTEM_URL: data.url("wheelhouse_system"),
    DATABASE_ADMIN_URL: data.adminUrl,
    REDIS_URL: data.redisUrl,
    WHEELHOUSE_DATA_DIR: data.dataDir,
    BENCH_SECRET_KEY: data.secretKey,
    BENCH_ROLE: "superadmin",
    WHEELHOUSE_DEMO: "1",
    WHEELHOUSE_LOG_LEVEL: "warn",
  });
  try {
    const told = ready.parse(program.ready);
    const { address } = told;
    const cookie = await signIn(told);
    const of = (organization: string) => ({ cookie, "x-wheelhouse-organization": organization });
    const large = of(seeded.organization(0));
    const people = [];
    for (const headers of [large, large, of(seeded.organization(1))])
      people.push({ headers, paths: await pathsOf(address, headers) });
    const readiness = watchReadiness(address);
    let node = 0;
    let postgres = 0;
    const result = await runReaders({ address, connections, thinkMs, warmUpMs, measuredMs, people }, () => {
      node = cpuUsedMs(program.pid);
      postgres = treeUsedMs(data.pids.postgres);
    });
    const statuses = await readiness.end();
    const tookMs = warmUpMs + measuredMs;
    return report(result, statuses, {
      node: (cpuUsedMs(program.pid) - node) / tookMs,
      postgres: (treeUsedMs(data.pids.postgres) - postgres) / tookMs,
    });
  } finally {
    await program.end();
    await data.end();
  }
}

function report(
  { all, paths, errors }: z.infer<typeof seen>,
  statuses: ReadonlyMap<number, number>,
  cores: { node: number; postgres: number },
): boolean {
  const row = (name: string, { count, p50, p95, max }: z.infer<typeof figures>) =>
    say(
      `  ${name.padEnd(64)} ${String(count).padStart(6)} ${[p50, p95, max].map((ms) => ms.toFixed(0).padStart(6)).join(" ")}`,
    );
  say(
    `${connections} connections, ${thinkMs / 1_000} s of thinking, ${measuredMs / 1_000} s: p50, p95, longest, ms`,
  );
  for (const path of paths.toSorted((a, b) => b.p95 - a.p95)) row(path.path.replace("/api/v1", ""), path);
  row("all", all);
  say(`  cores: server ${cores.node.toFixed(2)}, Postgres ${cores.postgres.toFixed(2)}`);
  for (const { what, count } of errors) say(`  ERROR ${what} (${count})`);
  const unready = [...statuses].filter(([status]) => status !== 200);
  for (const [status, count] of unready) say(`  readiness answered ${status} (${count} times)`);
  const isReached = all.p95 <= bar.p95Ms && errors.length === 0 && unready.length === 0;
  say(`  p95 ${all.p95.toFixed(0)} ms, bar ${bar.p95Ms} ms, ${isReached ? "reached" : "MISSED"}`);
  return isReached;
}
