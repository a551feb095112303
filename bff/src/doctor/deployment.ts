import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "#config.ts";
import { givenDatabases } from "#embedded/embedded.ts";
import { openSecrets } from "#embedded/secrets.ts";

/** The least that Wheelhouse needs: versions as major numbers, free space in bytes. */
export type Requirements = {
  postgresVersion: number;
  redisVersion: number;
  freeBytes: { least: number; comfortable: number };
};

export const requirements: Requirements = {
  postgresVersion: 15,
  redisVersion: 7,
  freeBytes: { least: 100 * 1024 ** 2, comfortable: 1024 ** 3 },
};

/** A deployment as the environment and the data folder describe it. */
export type Deployment = {
  config: Config;
  database: { app: string; system: string; admin: string | undefined };
  redisUrl: string;
  secretKey: string;
};

const connections = z.object({ databaseUrl: z.string(), databaseAdminUrl: z.string(), redisUrl: z.string() });

/**
 * Completes the configuration by what embedded servers that run on the data folder use.
 * @returns undefined when an address is missing and nothing was ever started on the data folder.
 */
export function deploymentOf(config: Config): Deployment | undefined {
  const { postgres, redis, dataDir } = config;
  const paths = { secrets: join(dataDir, "secrets.json"), connections: join(dataDir, "connections.json") };
  const secrets = existsSync(paths.secrets) ? openSecrets(dataDir) : undefined;
  const running = existsSync(paths.connections)
    ? connections.parse(JSON.parse(readFileSync(paths.connections, "utf8")))
    : undefined;
  const redisUrl = redis.url ?? running?.redisUrl;
  const secretKey = config.secretKey ?? secrets?.secretKey;
  if (!redisUrl || !secretKey) return undefined;
  if (postgres.appUrl && (postgres.systemUrl || secrets))
    return { config, redisUrl, secretKey, database: givenDatabases(config, secrets).databaseUrls };
  if (!running || !secrets) return undefined;
  const system = Object.assign(new URL(running.databaseUrl), {
    username: "wheelhouse_system",
    password: secrets.systemPassword,
  });
  const database = { app: running.databaseUrl, system: system.href, admin: running.databaseAdminUrl };
  return { config, redisUrl, secretKey, database };
}
