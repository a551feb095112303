import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { pino } from "pino";
import { createGuardian } from "#embedded/guardian.ts";
import { startEmbeddedPostgres } from "#embedded/postgres.ts";
import { startEmbeddedRedis } from "#embedded/redis.ts";
import { openSecrets } from "#embedded/secrets.ts";
import { migrate } from "#lib/postgres/migrate.ts";
import { seedingSettings } from "./audit/audit-read-seed.ts";
import { seedDeliveries } from "./deliveries-seed.ts";

const log = pino({ level: "silent" });
const say = (text: string) => process.stdout.write(`${text}\n`);

/** Servers with a delivery log of `size` rows, migrated; the data set is kept in `.wheelhouse/bench`. */
export async function openDeliveryData(size: number) {
  const dataDir = fileURLToPath(new URL(`../../.wheelhouse/bench/deliveries-${size}`, import.meta.url));
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const redisDir = mkdtempSync(join(tmpdir(), "wheelhouse-bench-"));
  chmodSync(redisDir, 0o711);
  const guardian = createGuardian();
  const secrets = openSecrets(dataDir);
  const start = () => startEmbeddedPostgres({ guardian, dataDir, secrets, log });
  if (!existsSync(join(dataDir, "seeded"))) {
    await seed(dataDir, start, size);
    writeFileSync(join(dataDir, "seeded"), "");
  }
  const [postgres, redis] = await Promise.all([
    start(),
    startEmbeddedRedis({ guardian, dataDir: redisDir, log }),
  ]);
  const { adminUrl } = postgres;
  await migrate({ adminUrl, log });
  return {
    dataDir,
    adminUrl,
    redisUrl: redis.url,
    secretKey: secrets.secretKey,
    pids: { postgres: postgres.pid, redis: redis.pid },
    url: (role: "wheelhouse_app" | "wheelhouse_system") => postgres.url("wheelhouse", role),
    async end() {
      await guardian.end();
      rmSync(redisDir, { recursive: true, force: true });
    },
  };
}

/** Starts with a new folder, because half a data set is useless. */
async function seed(dataDir: string, start: () => ReturnType<typeof startEmbeddedPostgres>, size: number) {
  rmSync(join(dataDir, "postgres"), { recursive: true, force: true });
  const beganAt = performance.now();
  const setAll = async (adminUrl: string, statements: string[]) => {
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  const bare = await start();
  const settings = Object.entries(seedingSettings).map(
    ([name, value]) => `alter system set ${name} = '${value}'`,
  );
  await setAll(bare.adminUrl, settings);
  await bare.stop();
  const loading = await start();
  await migrate({ adminUrl: loading.adminUrl, log });
  await seedDeliveries(loading.adminUrl, size, (text) =>
    say(`  ${Math.round((performance.now() - beganAt) / 1_000)} s: ${text}`),
  );
  await setAll(loading.adminUrl, ["alter system reset all"]);
  await loading.stop();
}
