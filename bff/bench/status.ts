import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { io } from "socket.io-client";
import { stringify } from "yaml";
import { z } from "zod";
import { cpuUsedMs, startBenchStack, startProgram } from "./bench-stack.ts";

const serviceCount = 400;
const instancesEach = 5;
const hanging = 10;
const targets = 100;
const breakersEach = 5;
const topics = ["overview", "health", "breakers"] as const;
const bar = { cpuShare: 0.6, firstPaintMs: 2_000, transactionsPerConnect: 6 };
const warmUpMs = 90_000;
const measuredMs = 20_000;

/**
 * 2,000 instances and 500 breakers of local stubs, checked every 10 s: the collector's share of one core, how long a
 * reader waits for everything, the cost of each connection, and when a browser has painted.
 * @returns whether all targets are reached.
 */
export async function run(): Promise<boolean> {
  if (!existsSync(new URL("../../web/dist/index.html", import.meta.url))) {
    process.stderr.write("The pages are not built. Run: cd web && npm run build\n");
    return false;
  }
  const stack = await startBenchStack();
  const ends: (() => Promise<unknown>)[] = [stack.end];
  try {
    const stub = await startProgram("./status-stub.ts", {});
    ends.push(stub.end);
    const { port } = z.object({ port: z.number() }).parse(stub.ready);
    const sources = join(stack.dataDir, "bench-sources.yaml");
    writeFileSync(sources, stringify(sourcesOf(port)));
    const environment = {
      ...stack.environment,
      WHEELHOUSE_DEMO: "1",
      WHEELHOUSE_CONFIG: sources,
      WHEELHOUSE_LOG_LEVEL: "warn",
    };
    const start = async (roles: string) => {
      const program = await startProgram("./queues-wheelhouse.ts", {
        ...environment,
        WHEELHOUSE_ROLES: roles,
      });
      ends.push(program.end);
      return program;
    };
    const collector = await start("collector");
    const web = await start("web");
    const reader = await signIn(web.ready);
    const seen = await until(reader);
    const cpuShare = await cpuShareOf(collector.pid);
    const http = await firstPaint(reader);
    const socket = await connectOnce(reader);
    const transactions = await transactionsPerConnect(stack.environment.DATABASE_ADMIN_URL, reader);
    const browser = await paintsOf(reader);
    return report({ ...seen, cpuShare, http, socket, transactions, browser });
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

function sourcesOf(port: number) {
  const at = (path: string) => `http://127.0.0.1:${port}/${path}`;
  const common = { organization: "northwind", interval: "10s", timeout: "5s" };
  return {
    redis: [{ id: "primary", organization: "northwind" }],
    services: Array.from({ length: serviceCount }, (_, n) => ({
      id: `service-${n}`,
      ...common,
      format: "spring",
      conditions: ["[STATUS] == 200"],
      dependsOn: n >= 10 ? [`service-${n % 10}`] : [],
      instances: Array.from({ length: instancesEach }, (__, i) => ({
        id: `instance-${i}`,
        url: at(n >= serviceCount - hanging ? `hangs/${n}` : `health/${n}/${i}`),
      })),
    })),
    prometheus: Array.from({ length: targets }, (_, n) => ({
      id: `metrics-${n}`,
      service: `service-${n}`,
      instance: "instance-0",
      url: at(`metrics/${n}`),
      ...common,
    })),
  };
}

type Reader = { address: string; cookie: string };

async function signIn(ready: unknown): Promise<Reader> {
  const { address, email, password } = z
    .object({ address: z.string(), email: z.string(), password: z.string() })
    .parse(ready);
  const answer = await fetch(`${address}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
    signal: AbortSignal.timeout(20_000),
  });
  return { address, cookie: answer.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
}

async function read({ address, cookie }: Reader, path: string) {
  const startedMs = performance.now();
  const answer = await fetch(`${address}/api/v1${path}`, {
    headers: { cookie, "accept-encoding": "gzip" },
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  return { text, tookMs: performance.now() - startedMs };
}

const part = z.object({ observedAt: z.string().nullable() });
const list = z.object({ items: z.array(part.extend({ instances: z.array(part) })) });
const asked = (parts: readonly z.infer<typeof part>[]) =>
  parts.filter(({ observedAt }) => observedAt !== null).length;

/** Waits until everything has data, or until the time is over; the report shows what is missing. */
async function until(reader: Reader) {
  const startedMs = performance.now();
  const seen = { instances: 0, breakers: 0, tookMs: 0 };
  do {
    await wait(1_000);
    const services = list.parse(JSON.parse((await read(reader, "/health")).text)).items;
    seen.instances = asked(services.flatMap(({ instances }) => instances));
    seen.breakers = asked(list.parse(JSON.parse((await read(reader, "/breakers")).text)).items);
    seen.tookMs = performance.now() - startedMs;
  } while (
    (seen.instances < serviceCount * instancesEach || seen.breakers < targets * breakersEach) &&
    seen.tookMs < warmUpMs
  );
  return seen;
}

/** Of one core, user and system time together. */
async function cpuShareOf(pid: number): Promise<number> {
  const before = cpuUsedMs(pid);
  const startedMs = performance.now();
  await wait(measuredMs);
  return (cpuUsedMs(pid) - before) / (performance.now() - startedMs);
}

/** The three lists that a page can request, one after the other. */
async function firstPaint(reader: Reader) {
  const parts = [];
  for (const path of ["/overview", "/health", "/breakers"]) parts.push(await read(reader, path));
  return {
    tookMs: parts.reduce((sum, { tookMs }) => sum + tookMs, 0),
    bytes: parts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
  };
}

const visits = z.array(z.number()).min(1);
const paints = z.array(z.object({ path: z.string(), firstMs: visits, largestMs: visits, shownMs: visits }));
const middleAndWorst = (sorted: readonly number[]) =>
  `${sorted[Math.floor(sorted.length / 2)]} (${sorted.at(-1)}) ms`;
const pages = [
  { path: "/o/northwind/overview", shown: "aside[aria-label='Recent changes']" },
  { path: "/o/northwind/services", shown: ".tb tbody tr" },
  { path: "/o/northwind/breakers", shown: ".tb tbody tr" },
];

/** First and largest paint of pages in Chromium, and when their main content is there; for a few visits, sorted. */
async function paintsOf({ address, cookie }: Reader) {
  const browser = await startProgram("../../e2e/bench/first-paint.ts", {
    ADDRESS: address,
    COOKIE: cookie,
    PAGES: JSON.stringify(pages),
    ...(process.env.E2E_CHROMIUM ? { E2E_CHROMIUM: process.env.E2E_CHROMIUM } : {}),
  });
  await browser.end();
  return paints.parse(browser.ready);
}

/**
 * Connects and subscribes to all topics.
 * @returns how long until the last snapshot, and how many arrived per topic.
 */
async function connectOnce({ address, cookie }: Reader, watchMs = 3_500) {
  const startedMs = performance.now();
  const socket = io(address, {
    path: "/live",
    transports: ["websocket"],
    extraHeaders: { cookie },
    forceNew: true,
    auth: { organization: "northwind" },
  });
  const counts = new Map<string, number>();
  let lastMs = 0;
  for (const topic of topics)
    socket.on(topic, (message: unknown) => {
      if (!isSnapshot(message)) return;
      const count = (counts.get(topic) ?? 0) + 1;
      counts.set(topic, count);
      if (count === 1) lastMs = performance.now() - startedMs;
    });
  socket.on("connect", () => {
    for (const topic of topics) socket.emit("subscribe", topic, () => {});
  });
  await wait(watchMs);
  socket.disconnect();
  return { tookMs: lastMs, counts };
}

/** Whether a live message is a snapshot: its head, JSON after three bytes, says so. */
const isSnapshot = (message: unknown) =>
  Buffer.isBuffer(message) && message.toString("latin1", 3).startsWith('{"kind":"snapshot"');

/** Postgres transactions per connection, above the level without connections. */
async function transactionsPerConnect(adminUrl: string, reader: Reader) {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const connects = 20;
  const during = async (work: () => Promise<unknown>) => {
    const count = async () => {
      await client.query("select pg_stat_clear_snapshot()");
      const { rows } = await client.query(
        "select sum(xact_commit + xact_rollback)::float8 as count from pg_stat_database where datname = current_database()",
      );
      return z.object({ count: z.number() }).parse(rows[0]).count;
    };
    const before = await count();
    await work();
    // Backends report their statistics at most a second late.
    await wait(2_000);
    return (await count()) - before;
  };
  const idle = await during(() => wait(4_000));
  const busy = await during(() =>
    Promise.all(Array.from({ length: connects }, () => connectOnce(reader, 4_000))),
  );
  await client.end();
  return Math.max(0, busy - idle) / connects;
}

function report(figures: {
  instances: number;
  breakers: number;
  tookMs: number;
  cpuShare: number;
  http: { tookMs: number; bytes: number };
  socket: { tookMs: number; counts: ReadonlyMap<string, number> };
  transactions: number;
  browser: z.infer<typeof paints>;
}): boolean {
  const { instances, breakers, cpuShare, http, socket, transactions } = figures;
  // After a snapshot only changes follow.
  const lists = (["health", "breakers"] as const).map((topic) => socket.counts.get(topic) ?? 0);
  const lines: [string, string, boolean][] = [
    [
      "watched",
      `${instances} instances, ${breakers} breakers, all seen after ${(figures.tookMs / 1_000).toFixed(0)} s`,
      instances >= serviceCount * instancesEach && breakers >= targets * breakersEach,
    ],
    ["collector", `${(cpuShare * 100).toFixed(1)} % of a core`, cpuShare < bar.cpuShare],
    [
      "by HTTP",
      `overview, health and breakers in ${http.tookMs.toFixed(0)} ms, ${(http.bytes / 1024).toFixed(0)} KiB`,
      http.tookMs < bar.firstPaintMs,
    ],
    [
      "by socket",
      `the last first snapshot after ${socket.tookMs.toFixed(0)} ms; ${lists.join(" and ")} of health and breakers`,
      lists.every((count) => count === 1) && socket.tookMs > 0 && socket.tookMs < bar.firstPaintMs,
    ],
    [
      "Postgres",
      `${transactions.toFixed(1)} transactions a connection`,
      transactions <= bar.transactionsPerConnect,
    ],
    ...figures.browser.map(({ path, firstMs, largestMs, shownMs }): [string, string, boolean] => [
      "browser",
      `${path.split("/").at(-1)}, middle (worst): first paint ${middleAndWorst(firstMs)}, largest ${middleAndWorst(largestMs)}, the list itself ${middleAndWorst(shownMs)}`,
      Math.max(...firstMs, ...largestMs, ...shownMs) < bar.firstPaintMs,
    ]),
  ];
  for (const [name, text, isReached] of lines)
    process.stdout.write(`${isReached ? "reached" : "MISSED "}  ${name.padEnd(10)} ${text}\n`);
  return lines.every(([, , isReached]) => isReached);
}
