import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { redisDatabaseOf } from "#lib/redis/redis.ts";
import { within } from "#lib/time/deadline.ts";
import { type Finding, fail, isUsable, type MakeCheck, messageOf, pass, warn } from "./check.ts";
import type { Deployment, Requirements } from "./deployment.ts";
import { hostOf, redisFailure } from "./failures.ts";

type Info = ReadonlyMap<string, string>;

const connectWithinMs = 4_000;
const scannedKeysMax = 1_000;

/** Checks Redis from the connection to what would lose jobs. */
export async function checkRedis(
  check: MakeCheck,
  { redisUrl }: Deployment,
  needs: Requirements,
  clockOf: (redis: Redis, connected: Finding) => Promise<void>,
): Promise<void> {
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    db: 0,
    connectionName: "wheelhouse-doctor",
    connectTimeout: connectWithinMs,
    commandTimeout: connectWithinMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // A server that loads its data, or refuses INFO, is told apart by the checks.
    enableReadyCheck: false,
  });
  redis.options.db = 0;
  let lost: Error | undefined;
  redis.on("error", (error) => {
    lost ??= error;
  });
  try {
    const connected = await check("Redis connection", async () => {
      try {
        await within(
          connectWithinMs,
          redis.connect().then(() => redis.ping()),
        );
        return pass(hostOf(redisUrl));
      } catch (error) {
        // The command says only that the connection ended; the event before it says why.
        const { says, remedy } = redisFailure(lost ?? error, redisUrl);
        return fail(says, remedy);
      }
    });
    const database = await check("Redis database", () => checkDatabase(redis, redisUrl), {
      after: [connected],
    });
    const after = [connected, database];
    const info = isUsable(connected) ? await readInfo(redis) : new Map<string, string>();
    const version = await check("Redis version", () => checkVersion(info, needs), { after });
    const role = await check("Redis role", () => checkRole(info), { after });
    const commands = await check("Redis rights", () => checkRights(redis, redisUrl), {
      after: [...after, role],
    });
    await check("Redis writes", () => checkWrites(redis), { after: [...after, role, commands] });
    await check("Redis eviction", () => checkEviction(info), { after });
    await check("Redis persistence", () => checkPersistence(redis, info), { after: [...after, role] });
    await check("Redis neighbours", () => checkNeighbours(redis, redisUrl), {
      after: [...after, version],
      isThorough: true,
    });
    await clockOf(redis, connected);
  } finally {
    redis.disconnect();
  }
}

async function checkDatabase(redis: Redis, url: string): Promise<Finding> {
  const database = redisDatabaseOf(url);
  if (database === null)
    return fail("the database in the address is no number", "end REDIS_URL with its number, such as /0");
  try {
    await redis.select(database);
    return pass(`database ${database}`);
  } catch (error) {
    return fail(
      `database ${database} cannot be used: ${messageOf(error)}`,
      "end REDIS_URL with a database that the server has (see its setting databases), such as /0",
    );
  }
}

async function readInfo(redis: Redis): Promise<Info> {
  try {
    const text = await redis.info();
    return new Map(
      text.split(/\r?\n/).flatMap((line) => {
        const at = line.indexOf(":");
        return at > 0 && !line.startsWith("#") ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
      }),
    );
  } catch {
    return new Map();
  }
}

function checkVersion(info: Info, { redisVersion }: Requirements): Finding {
  const version = info.get("redis_version");
  if (version === undefined)
    return warn(
      "the version is not known, since INFO is refused",
      "allow the user INFO (ACL SETUSER … +info)",
    );
  if (Number.parseInt(version, 10) >= redisVersion) return pass(version);
  return fail(
    `the server is Redis ${version}`,
    `upgrade it: Wheelhouse needs Redis ${redisVersion} or later`,
  );
}

function checkRole(info: Info): Finding {
  if (info.get("role") === "slave")
    return fail(
      `the server is a read-only replica of ${info.get("master_host")}:${info.get("master_port")}`,
      "name the primary in REDIS_URL",
    );
  if (info.get("cluster_enabled") === "1")
    return fail("the server is part of a Redis Cluster", "use a Redis that is not a cluster");
  return pass(info.get("role") === "master" ? "primary" : "role not reported");
}

/** Asks for what a restricted user often may not: scripts, publish and subscribe, keys of each kind. */
async function checkRights(redis: Redis, url: string): Promise<Finding> {
  const refused: string[] = [];
  const key = `wheelhouse:doctor:${randomUUID()}`;
  const tries: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["EVAL", () => redis.eval("return 1", 0)],
    ["PUBLISH", () => redis.publish("wheelhouse:doctor", "")],
    ["GET of wheelhouse:*", () => redis.get(key)],
    ["GET of bull:*", () => redis.get("bull:doctor:none")],
    ["XLEN", () => redis.xlen(key)],
    ["ZCARD", () => redis.zcard(key)],
    ["SCAN", () => redis.scan("0", "COUNT", 1)],
    ["CLIENT", () => redis.client("SETNAME", "wheelhouse-doctor")],
    ["INFO", () => redis.info("server")],
  ];
  for (const [name, attempt] of tries)
    await attempt().catch((error: unknown) => {
      if (!messageOf(error).startsWith("NOPERM")) throw error;
      refused.push(name);
    });
  const user = decodeURIComponent(new URL(url).username) || "default";
  if (refused.length > 0)
    return fail(
      `the user ${user} may not use ${refused.join(", ")}`,
      `ACL SETUSER ${user} ~* &* +@all -@admin -@dangerous +info +client +scan`,
    );
  return pass(`as ${user}`);
}

async function checkWrites(redis: Redis): Promise<Finding> {
  const key = `wheelhouse:doctor:${randomUUID()}`;
  try {
    await redis.set(key, "1", "EX", 60);
    await redis.del(key);
    return pass("a key was written and removed");
  } catch (error) {
    const message = messageOf(error);
    if (message.startsWith("OOM"))
      return fail(`the memory is full: ${message}`, "raise maxmemory, or remove what fills it");
    if (message.startsWith("MISCONF"))
      return fail(
        "the server cannot save to its disk and refuses writes",
        "see its log; free its disk or give it the right to write",
      );
    return fail(`a write was refused: ${message}`, "let the user write keys of wheelhouse:* and bull:*");
  }
}

function checkEviction(info: Info): Finding {
  const policy = info.get("maxmemory_policy");
  const remedy = "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf";
  if (policy === undefined) return warn("the server does not report its policy", remedy);
  if (policy === "noeviction") return pass(policy);
  return warn(`maxmemory-policy is ${policy}, which deletes jobs when the memory is full`, remedy);
}

async function checkPersistence(redis: Redis, info: Info): Promise<Finding> {
  const remedy = "CONFIG SET appendonly yes, and the same in redis.conf";
  if (info.get("aof_enabled") === "1") {
    if (info.get("aof_last_write_status") === "err")
      return warn("the append-only file cannot be written", "see the log of Redis; free its disk");
    return pass("append-only file");
  }
  if (info.get("rdb_last_bgsave_status") === "err")
    return warn(
      "the last snapshot failed",
      "see the log of Redis; free its disk or give it the right to write",
    );
  const save = await redis
    .config("GET", "save")
    .then((answer) => (Array.isArray(answer) ? String(answer[1] ?? "") : ""))
    .catch(() => undefined);
  if (save === undefined)
    return warn("no append-only file, and the server does not report whether it takes snapshots", remedy);
  if (save === "") return warn("nothing is kept: a restart of Redis loses all jobs", remedy);
  return pass(`snapshots (${save})`);
}

/** Keys of others alone are a sign of the wrong database. */
async function checkNeighbours(redis: Redis, url: string): Promise<Finding> {
  const size = await redis.dbsize();
  const database = redisDatabaseOf(url) ?? 0;
  if (size === 0) return pass(`database ${database} is empty`);
  let cursor = "0";
  let seen = 0;
  do {
    const [next, keys] = await redis.scan(cursor, "COUNT", 500);
    if (keys.some((key) => key.startsWith("wheelhouse:")))
      return pass(`${size} keys, Wheelhouse's among them`);
    cursor = next;
    seen += keys.length;
  } while (cursor !== "0" && seen < scannedKeysMax * 20);
  if (cursor !== "0") return pass(`${size} keys`);
  return warn(
    `database ${database} holds ${size} keys of others and none of Wheelhouse`,
    "see whether REDIS_URL ends with the right database; on a first start, an empty one is better",
  );
}
