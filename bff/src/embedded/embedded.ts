import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { z } from "zod";
import type { Config } from "#config.ts";
import { createGuardian, type GuardedExit, type Guardian } from "./guardian.ts";
import { endLeftovers } from "./leftovers.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./postgres.ts";
import { startEmbeddedRedis } from "./redis.ts";
import { type EmbeddedSecrets, openSecrets } from "./secrets.ts";

type DatabaseUrls = {
  app: string;
  system: string;
  /** Undefined if the operator gave none; migrations then run elsewhere. */
  admin: string | undefined;
};

export type Embedded = {
  databaseUrls: DatabaseUrls;
  /** Logins for `migrate`, which creates their roles if they are missing. */
  loginUrls: readonly string[];
  redisUrl: string;
  /** 32 bytes, base64. */
  secretKey: string;
  /** Parent of the servers started here; undefined if there are none. The demo fleet joins it. */
  guardian: Guardian | undefined;
  /** Publishes this process's URL to anyone who starts a second one on the same data folder. */
  announce(url: string): void;
  /** Stops the servers started here, the last first, and releases the data folder. */
  stop(): Promise<void>;
};

type EmbeddedOptions = {
  config: Config;
  log: Pick<Logger, "info" | "warn" | "error">;
  /** Called when the servers started here are lost for good; a server that merely ends is restarted. */
  onFailure?: (reason: string) => void;
};

const connectionsSchema = z
  .object({ databaseUrl: z.string(), databaseAdminUrl: z.string(), redisUrl: z.string() })
  .partial();

/**
 * Starts the servers that have no configured URL; with all URLs given it starts nothing. If it starts any, the data
 * folder belongs to this process until `stop`, and `connections.json` there (mode 0600) holds the addresses for people
 * who attach programs of their own; ports are kept across starts while they are free.
 * @throws DataFolderInUse while another Wheelhouse uses the folder.
 */
export async function startEmbedded({ config, log, onFailure }: EmbeddedOptions): Promise<Embedded> {
  const { dataDir, redis, postgres } = config;
  const needsServers = !postgres.appUrl || !redis.url;
  if (!needsServers && config.secretKey && postgres.systemUrl) return attach(config, config.secretKey);

  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  chmodSync(dataDir, 0o711);
  if (!needsServers) {
    const secrets = openSecrets(dataDir);
    return attach(config, config.secretKey ?? secrets.secretKey, secrets);
  }

  const guardian = createGuardian();
  let stopping = false;
  const stop = async () => {
    stopping = true;
    await endServers(guardian, dataDir);
  };
  guardian.onLost(() => {
    if (!stopping) onFailure?.("the guardian of the embedded servers was killed");
  });
  const supervision = { guardian, log, isStopping: () => stopping };
  try {
    await guardian.lock(dataDir);
    const secrets = openSecrets(dataDir);
    const before = readConnections(dataDir);
    const common = { guardian, dataDir, log };
    const [ownPostgres, ownRedis] = await Promise.all([
      postgres.appUrl
        ? undefined
        : supervise(
            supervision,
            "Postgres",
            (options) => startEmbeddedPostgres({ ...common, ...options, secrets }),
            portOf(before.databaseUrl),
          ),
      redis.url
        ? undefined
        : supervise(
            supervision,
            "Redis",
            (options) => startEmbeddedRedis({ ...common, ...options }),
            portOf(before.redisUrl),
          ),
    ]);
    const databases = ownPostgres ? ownDatabases(ownPostgres) : givenDatabases(config, secrets);
    const redisUrl = ownRedis?.url ?? redis.url ?? "";
    writeConnections(dataDir, databases.databaseUrls, redisUrl);
    return {
      ...databases,
      redisUrl,
      secretKey: config.secretKey ?? secrets.secretKey,
      guardian,
      announce: guardian.announce,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts the server and throws if the first start fails; later it is restarted whenever it ends. */
async function supervise<T extends { port: number }>(
  {
    guardian,
    log,
    isStopping,
  }: { guardian: Guardian; log: EmbeddedOptions["log"]; isStopping: () => boolean },
  server: string,
  start: (options: { port?: number; exactPort?: boolean; onExit: (exit: GuardedExit) => void }) => Promise<T>,
  port: number | undefined,
): Promise<T> {
  let exited = exitToCome();
  const first = await start({ ...(port ? { port } : {}), onExit: exited.resolve });
  const restart = async (): Promise<void> => {
    const exit = await exited.promise;
    for (let failures = 0; !isStopping(); failures++) {
      log.error({ server, ...exit, failures }, `${server} ended unexpectedly; restarting it`);
      await wait(Math.min(250 * 2 ** failures, 10_000), undefined, { ref: false });
      if (isStopping() || guardian.lost) return;
      exited = exitToCome();
      try {
        await start({ port: first.port, exactPort: true, onExit: exited.resolve });
        return restart();
      } catch (err) {
        log.error({ server, err }, `${server} could not be started`);
      }
    }
  };
  void restart();
  return first;
}

const ownDatabases = (server: Pick<EmbeddedPostgres, "url" | "adminUrl">) => ({
  databaseUrls: {
    app: server.url("wheelhouse", "wheelhouse_app"),
    system: server.url("wheelhouse", "wheelhouse_system"),
    admin: server.adminUrl,
  },
  loginUrls: [],
});

/** Stops the servers through their guardian, or by their folders if it was killed. */
async function endServers(guardian: Guardian, dataDir: string) {
  const killed = guardian.lost;
  await guardian.end();
  if (!killed) return;
  await endLeftovers(join(dataDir, "redis"), "-server", "SIGTERM");
  await endLeftovers(join(dataDir, "postgres"), "postgres", "SIGINT");
}

function exitToCome() {
  let resolve = (_exit: GuardedExit) => {};
  const promise = new Promise<GuardedExit>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function attach(config: Config, secretKey: string, secrets?: EmbeddedSecrets): Embedded {
  return {
    ...givenDatabases(config, secrets),
    redisUrl: config.redis.url ?? "",
    secretKey,
    guardian: undefined,
    announce: () => {},
    stop: async () => {},
  };
}

/**
 * Outside production a lone DATABASE_URL counts as the administrator's, so that two URLs are enough to try Wheelhouse
 * on existing servers: the two logins are created beside it.
 */
export function givenDatabases(
  { postgres: { appUrl = "", systemUrl, adminUrl } }: Config,
  secrets: EmbeddedSecrets | undefined,
): { databaseUrls: DatabaseUrls; loginUrls: readonly string[] } {
  if (systemUrl) {
    const administrator = adminUrl && new URL(adminUrl).username;
    const loginUrls = [appUrl, systemUrl].filter((url) => new URL(url).username !== administrator);
    return { databaseUrls: { app: appUrl, system: systemUrl, admin: adminUrl }, loginUrls };
  }
  if (!secrets) throw new Error("DATABASE_SYSTEM_URL is missing");
  const login = (username: string, password: string) =>
    Object.assign(new URL(adminUrl ?? appUrl), { username, password }).href;
  const app = login("wheelhouse_app", secrets.appPassword);
  const system = login("wheelhouse_system", secrets.systemPassword);
  return { databaseUrls: { app, system, admin: adminUrl ?? appUrl }, loginUrls: [app, system] };
}

function readConnections(dataDir: string): z.infer<typeof connectionsSchema> {
  try {
    return connectionsSchema.parse(JSON.parse(readFileSync(join(dataDir, "connections.json"), "utf8")));
  } catch {
    // On the first start or with a damaged file, any free ports will do.
    return {};
  }
}

function writeConnections(dataDir: string, { app, admin }: DatabaseUrls, redisUrl: string) {
  const path = join(dataDir, "connections.json");
  const connections = { redisUrl, databaseUrl: app, databaseAdminUrl: admin };
  writeFileSync(`${path}.new`, `${JSON.stringify(connections, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

const portOf = (url: string | undefined) => (url ? Number(new URL(url).port) || undefined : undefined);
