import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server as Squatter } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { connectionsOf } from "./connections.ts";
import type { Product } from "./product.ts";

const takeOverDeadlineMs = 10_000;

type Server = { pid: number; port: number; stopSignal: NodeJS.Signals };

const redisOf = async (product: Product): Promise<Server> => {
  const { redisUrl } = connectionsOf(product);
  const redis = new Redis(redisUrl, { commandTimeout: 2000 });
  try {
    const pid = /process_id:(\d+)/.exec(await redis.info("server"))?.[1];
    return { pid: Number(pid), port: Number(new URL(redisUrl).port), stopSignal: "SIGTERM" };
  } finally {
    redis.disconnect();
  }
};

const postgresOf = (product: Product): Server => {
  const folder = join(product.dataDir, "postgres");
  const file = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((path) =>
    path.endsWith("postmaster.pid"),
  );
  if (file === undefined) throw new Error(`no postmaster.pid below ${folder}`);
  const [pid] = readFileSync(join(folder, file), "utf8").split("\n");
  // SIGINT is Postgres' fast shutdown: it aborts running statements, like a machine that goes down.
  return {
    pid: Number(pid),
    port: Number(new URL(connectionsOf(product).databaseUrl).port),
    stopSignal: "SIGINT",
  };
};

/**
 * Stops a server of the product, and occupies its port so that its supervisor cannot restart it. Every connection made
 * meanwhile is cut at once. Resolves, once the server is down, with the function that ends the outage.
 */
const takeDown = async ({ pid, port, stopSignal }: Server): Promise<() => Promise<void>> => {
  const listen = () =>
    new Promise<Squatter | null>((resolve) => {
      const squatter = createServer((socket) => socket.destroy());
      squatter.once("error", () => resolve(null));
      squatter.listen(port, "127.0.0.1", () => resolve(squatter));
    });
  process.kill(pid, stopSignal);
  const deadline = performance.now() + takeOverDeadlineMs;
  let squatter = await listen();
  for (; squatter === null; squatter = await listen()) {
    if (performance.now() > deadline) throw new Error(`port ${port} was not released`);
    await sleep(5);
  }
  const taken = squatter;
  return () => new Promise((resolve) => taken.close(() => resolve()));
};

export const stopRedis = async (product: Product) => takeDown(await redisOf(product));
export const stopPostgres = async (product: Product) => takeDown(postgresOf(product));
