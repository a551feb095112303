// Servers and demo fleet run as long as this process; the server of the product is started anew whenever one of its
// sources changes, and Vite serves the pages and hands on to it what is not a page.
import { type ChildProcess, spawn } from "node:child_process";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { watch } from "chokidar";
import { pino } from "pino";
import { ConfigError, loadConfig } from "#config.ts";
import { chooseShopPorts, writeDemoSources } from "#embedded/demo-sources.ts";
import { startEmbedded } from "#embedded/embedded.ts";
import { runFleet } from "#embedded/fleet.ts";
import { DataFolderInUse } from "#embedded/guardian.ts";
import { freePort } from "#embedded/ports.ts";
import { createDevServer } from "./server.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const watched = ["bff/src", "bff/migrations", "bff/database", "shared/src"].map((path) => join(root, path));
const notServed = /\.(test|faults|fixture)\.ts$|\/src\/testing\//;
const settleMs = 30;
const pagesWithinMs = 30_000;
const drainMs = 3_000;

/** What must be stopped, in start order; it is stopped in the opposite order. */
const begun: (() => Promise<unknown>)[] = [];
let stopping: Promise<void> | undefined;

function stop(code: number): Promise<void> {
  stopping ??= (async () => {
    for (const end of begun.toReversed()) await end().catch((error) => process.stderr.write(`${error}\n`));
    process.exit(code);
  })();
  return stopping;
}

const say = (text: string) => process.stdout.write(`${text}\n`);

async function develop() {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(0));
  const config = loadConfig(process.env);
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const embedded = await startEmbedded({ config, log, onFailure: () => void stop(1) });
  begun.push(embedded.stop);
  const { databaseUrls, redisUrl, guardian } = embedded;
  const { dataDir } = config;
  const port = config.http.port === 0 ? await freePort() : config.http.port;
  const address = `http://${config.http.host}:${port}`;
  const serverPort = await freePort();
  const serverUrl = `http://127.0.0.1:${serverPort}`;
  const demoSources = async () =>
    writeDemoSources({ dataDir, redisUrl, shopPorts: await chooseShopPorts(dataDir) });

  const pages = startVite({ host: config.http.host, port, serverUrl });
  begun.push(pages.stop);
  const arePagesUp = pages.isUp();

  let starts = 0;
  let isAnnouncing = false;
  const server = createDevServer({
    environment: {
      ...process.env,
      HOST: "127.0.0.1",
      PORT: String(serverPort),
      DATABASE_URL: databaseUrls.app,
      DATABASE_SYSTEM_URL: databaseUrls.system,
      DATABASE_ADMIN_URL: databaseUrls.admin,
      REDIS_URL: redisUrl,
      WHEELHOUSE_SECRET_KEY: embedded.secretKey,
      WHEELHOUSE_PUBLIC_URL: config.http.publicUrl ?? address,
      WHEELHOUSE_CONFIG: config.sourcesFile ?? (config.demo ? await demoSources() : undefined),
      WHEELHOUSE_FLEET: "0",
    },
    inspect: process.argv.includes("--inspect"),
    onReady: (tookMs) => {
      starts += 1;
      if (starts > 1) return say(`  ✓ The server is up again (${(tookMs / 1000).toFixed(1)} s)`);
      embedded.announce(address);
      if (config.fleet) void startFleet();
    },
    onEnded: (code) => say(`  ✗ The server exited with code ${code}; it restarts after the next change`),
    print: (line) => {
      // The address and the sign-ins are printed once.
      if (line.startsWith("Wheelhouse is ready:")) isAnnouncing = starts > 1;
      else if (!line.startsWith("  ")) isAnnouncing = false;
      if (isAnnouncing) return;
      if (line === "" && starts > 0) return;
      say(line);
    },
  });
  begun.push(() => server.stop(drainMs));

  async function startFleet() {
    try {
      const fleet = await runFleet({ dataDir, baseUrl: serverUrl, redisUrl, guardian, log });
      begun.push(fleet.stop);
    } catch (err) {
      log.error({ err }, "the demo fleet cannot be started");
    }
  }

  // The first start prints the address, so Vite and the fleet must be ready before it.
  await arePagesUp;
  if (stopping) return;
  server.restart();
  watchSources((path) => {
    say(`  … ${relative(root, path)} changed`);
    server.restart();
  });
}

function watchSources(onChange: (path: string) => void) {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(watched, { ignoreInitial: true, ignored: (path) => notServed.test(path) });
  watcher.on("all", (_event, path) => {
    clearTimeout(timer);
    timer = setTimeout(() => onChange(path), settleMs);
  });
  begun.push(() => watcher.close());
}

/** Runs Vite's own command. It prints its reloads; an unexpected end stops everything. */
function startVite({ host, port, serverUrl }: { host: string; port: number; serverUrl: string }) {
  const vite = join(root, "web/node_modules/vite/bin/vite.js");
  const tether = new URL("../tether.mjs", import.meta.url).href;
  const args = ["--host", host, "--port", String(port), "--strictPort", "--clearScreen", "false"];
  const child: ChildProcess = spawn(process.execPath, ["--import", tether, vite, ...args], {
    cwd: join(root, "web"),
    env: { ...process.env, BFF_URL: serverUrl },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (/\[vite\].*(hmr|reload)/.test(text)) process.stdout.write(text);
  });
  let isEnding = false;
  const exited = new Promise<void>((resolve) =>
    child.once("exit", () => {
      resolve();
      if (!isEnding) void stop(1);
    }),
  );
  return {
    async isUp() {
      const deadline = performance.now() + pagesWithinMs;
      while (performance.now() < deadline && child.exitCode === null) {
        const answer = await fetch(`http://${host}:${port}/`).catch(() => undefined);
        if (answer?.ok) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error("Vite is not serving the pages");
    },
    async stop() {
      isEnding = true;
      child.kill("SIGTERM");
      const deadline = setTimeout(() => child.kill("SIGKILL"), drainMs);
      await exited;
      clearTimeout(deadline);
    },
  };
}

develop().catch(async (error: unknown) => {
  const isKnown = error instanceof ConfigError || error instanceof DataFolderInUse;
  process.stderr.write(`${isKnown ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  await stop(1);
});
