import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { z } from "zod";
import { type LoadResult, loadWith, startBenchStack, startProgram } from "./bench-stack.ts";

const queueCount = 200;
const connections = 50;
const durationS = 10;
const bar = { timesAsFast: 50, p99Ms: 20 };

/** Sent by every browser. */
const browserHeaders = { "accept-encoding": "gzip, deflate, br" };

type Measured = LoadResult & { commands: number; bytes: number };

/**
 * Reading the overview of 200 queues by 50 concurrent clients: Wheelhouse by HTTP with a session lookup, against Bull
 * Board, on the same Redis, one after the other.
 * @returns whether both targets are reached.
 */
export async function run(): Promise<boolean> {
  const stack = await startBenchStack();
  const redis = new Redis(stack.redisUrl);
  try {
    const names = Array.from({ length: queueCount }, (_, n) => `queue-${String(n).padStart(3, "0")}`);
    await fill(names, stack.redisUrl);
    const ours = await measureOurs(stack, redis, names);
    const theirs = await measureBullBoard(stack, redis, names);
    return report(ours, theirs);
  } finally {
    redis.disconnect();
    await stack.end();
  }
}

async function fill(names: readonly string[], redisUrl: string) {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  for (const name of names) {
    const queue = new Queue(name, { connection });
    await queue.addBulk([
      ...Array.from({ length: 20 }, (_, n) => ({ name: "work", data: { n } })),
      ...Array.from({ length: 5 }, (_, n) => ({ name: "later", data: { n }, opts: { delay: 3_600_000 } })),
    ]);
    await queue.close();
  }
  connection.disconnect();
}

async function measureOurs(
  stack: Awaited<ReturnType<typeof startBenchStack>>,
  redis: Redis,
  names: readonly string[],
): Promise<Measured & { commandsPerSecond: number; commandsSentPerSecond: number }> {
  const sources = join(stack.dataDir, "bench-sources.yaml");
  writeFileSync(sources, "redis: [{ id: primary, organization: northwind }]\n");
  const environment = {
    ...stack.environment,
    WHEELHOUSE_DEMO: "1",
    WHEELHOUSE_CONFIG: sources,
    WHEELHOUSE_LOG_LEVEL: "warn",
  };
  // Separate processes as in docker-compose.yml, so that sampling does not keep readers waiting.
  const collector = await startProgram("./queues-wheelhouse.ts", {
    ...environment,
    WHEELHOUSE_ROLES: "collector",
  });
  const program = await startProgram("./queues-wheelhouse.ts", { ...environment, WHEELHOUSE_ROLES: "web" });
  try {
    const { address, email, password } = z
      .object({ address: z.string(), email: z.string(), password: z.string() })
      .parse(program.ready);
    const signIn = await fetch(`${address}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
      signal: AbortSignal.timeout(10_000),
    });
    const cookie = signIn.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const url = `${address}/api/v1/queues`;
    const headers = { cookie, ...browserHeaders };
    const list = z.object({ items: z.array(z.object({ counts: z.object({ waiting: z.number() }) })) });
    const body = await until(async () => {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(5_000) });
      const text = await response.text();
      const { items } = list.parse(JSON.parse(text));
      return items.length === names.length && items.every(({ counts }) => counts.waiting === 20)
        ? text
        : null;
    });
    // The cost of watching, without any reader.
    const idle = await commandsDuring(redis, () => wait(10_000));
    let load: LoadResult | undefined;
    const loaded = await commandsDuring(redis, async () => {
      load = await loadWith({ url, connections, durationS, headers });
    });
    if (!load) throw new Error("no result");
    return {
      ...load,
      bytes: Buffer.byteLength(body),
      // The rest after subtracting the collector's own share of that time.
      commands: Math.max(0, loaded.sent - (idle.sent / idle.tookMs) * loaded.tookMs),
      commandsPerSecond: (idle.all / idle.tookMs) * 1000,
      commandsSentPerSecond: (idle.sent / idle.tookMs) * 1000,
    };
  } finally {
    await program.end();
    await collector.end();
  }
}

async function measureBullBoard(
  stack: Awaited<ReturnType<typeof startBenchStack>>,
  redis: Redis,
  names: readonly string[],
): Promise<Measured> {
  const program = await startProgram("./queues-bull-board.mjs", {
    REDIS_URL: stack.redisUrl,
    QUEUES: names.join(","),
  });
  try {
    const { address } = z.object({ address: z.string() }).parse(program.ready);
    // The request that its page sends every 5 s in each open tab.
    const url = `${address}/ui/api/queues?page=1&jobsPerPage=10`;
    const body = await (await fetch(url, { signal: AbortSignal.timeout(30_000) })).text();
    const { queues } = z.object({ queues: z.array(z.unknown()) }).parse(JSON.parse(body));
    if (queues.length !== names.length) throw new Error(`Bull Board shows ${queues.length} queues`);
    let load: LoadResult | undefined;
    const loaded = await commandsDuring(redis, async () => {
      load = await loadWith({ url, connections, durationS, headers: browserHeaders });
    });
    if (!load) throw new Error("no result");
    return { ...load, bytes: Buffer.byteLength(body), commands: loaded.all };
  } finally {
    await program.end();
  }
}

/** Commands that Redis executed in the meantime: those sent to it, and all including those inside scripts. */
async function commandsDuring(redis: Redis, work: () => Promise<unknown>) {
  await redis.config("RESETSTAT");
  const startedMs = performance.now();
  await work();
  const tookMs = performance.now() - startedMs;
  const text = await redis.info("commandstats");
  const counts = new Map(
    [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = "", calls]) => [name, Number(calls)]),
  );
  const all = [...counts.values()].reduce((sum, calls) => sum + calls, 0);
  // Everything that the sampling script reads by itself; nothing else uses these here.
  const inside = ["hmget", "exists", "llen", "lindex", "zcard", "xlen", "xrange", "hget", "memory|usage"];
  return { tookMs, all, sent: all - inside.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0) };
}

async function until<T>(ask: () => Promise<T | null>): Promise<T> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await wait(250)) {
    const answer = await ask();
    if (answer !== null) return answer;
  }
  throw new Error("the queues did not appear within 20 s");
}

function report(ours: Awaited<ReturnType<typeof measureOurs>>, theirs: Measured): boolean {
  const line = (name: string, of: Measured) =>
    [
      name.padEnd(12),
      `${of.requests.average.toFixed(0).padStart(7)} req/s`,
      `p50 ${String(of.latency.p50).padStart(5)} ms`,
      `p99 ${String(of.latency.p99).padStart(5)} ms`,
      `${(of.bytes / 1024).toFixed(0).padStart(4)} KiB`,
      `${(of.commands / of.requests.total).toFixed(2).padStart(8)} Redis commands a refresh`,
      `${of.errors + of.timeouts + of.non2xx} failed`,
    ].join("  ");
  const times = ours.requests.average / theirs.requests.average;
  const fast = times >= bar.timesAsFast;
  const prompt = ours.latency.p99 <= bar.p99Ms;
  const clean = ours.errors + ours.timeouts + ours.non2xx === 0;
  process.stdout.write(
    [
      `Overview of ${queueCount} queues, ${connections} clients, ${durationS} s each, one Redis`,
      line("Wheelhouse", ours),
      line("Bull Board", theirs),
      `Wheelhouse watches with ${ours.commandsSentPerSecond.toFixed(1)} commands a second (${ours.commandsPerSecond.toFixed(0)} with those inside of the script), however many read`,
      `${times.toFixed(1)} times as fast, bar ${bar.timesAsFast}: ${fast ? "reached" : "missed"}`,
      `p99 ${ours.latency.p99} ms, bar ${bar.p99Ms} ms: ${prompt ? "reached" : "missed"}`,
      "",
    ].join("\n"),
  );
  return fast && prompt && clean;
}
