import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Queue } from "bullmq";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

const ownerProgram = fileURLToPath(new URL("embedded-owner.fixture.ts", import.meta.url));
const readySchema = z.object({
  databaseAdminUrl: z.string(),
  redisUrl: z.string(),
  guardianPid: z.number(),
  startedInMs: z.number(),
});

let dataDir: string;
const owners: ChildProcess[] = [];
beforeEach(() => {
  dataDir = join(makeTemporaryFolder(), "data");
});
afterEach(async () => {
  for (const owner of owners.splice(0)) owner.kill("SIGKILL");
  await vi.waitFor(() => expect(processesOf(dataDir)).toEqual([]), { timeout: 15_000 });
  rmSync(join(dataDir, ".."), { recursive: true, force: true });
});

/** A process of its own that starts the embedded servers, as main does, and stops them on SIGTERM. */
async function startOwner(environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--import", "tsx", ownerProgram], {
    cwd: join(import.meta.dirname, "../.."),
    env: { PATH: "/usr/bin:/bin", WHEELHOUSE_DATA_DIR: dataDir, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  owners.push(child);
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const exited = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, errors }));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = await Promise.race([lines.next().then(({ value }) => value), exited]);
  const ready = typeof line === "string" ? readySchema.parse(JSON.parse(line)) : undefined;
  return { child, exited, ready };
}

async function startReadyOwner(environment: Record<string, string> = {}) {
  const owner = await startOwner(environment);
  if (!owner.ready) throw new Error((await owner.exited).errors);
  return { ...owner, ready: owner.ready };
}

/** Everything that works in the data folder: servers, their children, the fleet. */
function processesOf(folder: string): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      return /^\d+$/.test(entry) && readlinkSync(`/proc/${entry}/cwd`).startsWith(folder)
        ? [Number(entry)]
        : [];
    } catch {
      return [];
    }
  });
}

async function query(url: string, sql: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

async function withQueue<T>(redisUrl: string, work: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = new Queue("kept", { connection: { url: redisUrl } });
  try {
    return await work(queue);
  } finally {
    await queue.close();
  }
}

describe("embedded servers", () => {
  test("SIGTERM ends everything with exit code 0, and a second start is up at once with its ports kept", async () => {
    const first = await startReadyOwner();
    first.child.kill("SIGTERM");
    expect((await first.exited).code).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);

    const second = await startReadyOwner();
    expect(second.ready).toMatchObject({
      redisUrl: first.ready.redisUrl,
      databaseAdminUrl: first.ready.databaseAdminUrl,
    });
    expect(second.ready.startedInMs).toBeLessThan(5_000);
  });

  test("servers listen on loopback only, and secrets are readable by their owner only", async () => {
    const { ready } = await startReadyOwner();
    expect(await query(ready.databaseAdminUrl, "show listen_addresses")).toEqual([
      { listen_addresses: "127.0.0.1" },
    ]);
    for (const file of ["secrets.json", "connections.json"])
      expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    const command = processesOf(dataDir).map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    expect(command.join()).not.toContain(new URL(ready.databaseAdminUrl).password);
  });

  test("an owner that is killed leaves nothing running", async () => {
    const owner = await startReadyOwner();
    expect(processesOf(dataDir).length).toBeGreaterThan(2);
    owner.child.kill("SIGKILL");
    await vi.waitFor(() => expect(processesOf(dataDir)).toEqual([]), { timeout: 12_000 });
    await vi.waitFor(() => expect(existsSync(`/proc/${owner.ready.guardianPid}/exe`)).toBe(false));
  });

  test("a start right after the owner was killed waits for its servers and succeeds", async () => {
    const owner = await startReadyOwner();
    owner.child.kill("SIGKILL");
    const next = await startReadyOwner();
    expect(await query(next.ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]);
  });

  test("SIGKILL of everything at once loses no committed row and no queued job", async () => {
    const { child, ready } = await startReadyOwner();
    await query(ready.databaseAdminUrl, "create table public.kept (id int primary key)");
    let committed = 0;
    let queued = 0;
    let writing = true;
    const writeRows = async () => {
      while (writing) {
        await query(ready.databaseAdminUrl, "insert into public.kept values ($1)", [committed]);
        committed++;
      }
    };
    const writeJobs = () =>
      withQueue(ready.redisUrl, async (queue) => {
        queue.on("error", () => {});
        while (writing) {
          await queue.add("job", { queued });
          queued++;
        }
      });
    const writers = [writeRows().catch(() => {}), writeJobs().catch(() => {})];
    await vi.waitFor(() => expect(Math.min(committed, queued)).toBeGreaterThan(20), { timeout: 10_000 });
    for (const pid of [ready.guardianPid, ...processesOf(dataDir)]) process.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
    const [rowsAcknowledged, jobsAcknowledged] = [committed, queued];
    writing = false;

    const next = await startReadyOwner();
    const [{ count } = { count: 0 }] = await query(
      next.ready.databaseAdminUrl,
      "select count(*)::int as count from public.kept",
    );
    expect(count).toBeGreaterThanOrEqual(rowsAcknowledged);
    const waiting = await withQueue(next.ready.redisUrl, (queue) => queue.getWaitingCount());
    expect(waiting).toBeGreaterThanOrEqual(jobsAcknowledged);
    await Promise.all(writers);
  });

  test("servers orphaned by a killed owner and a killed guardian are ended by the next start", async () => {
    const { child, ready } = await startReadyOwner();
    process.kill(ready.guardianPid, "SIGSTOP");
    process.kill(ready.guardianPid, "SIGKILL");
    child.kill("SIGKILL");
    await vi.waitFor(() => expect(existsSync(`/proc/${ready.guardianPid}/exe`)).toBe(false));
    const orphans = processesOf(dataDir);
    expect(orphans.length).toBeGreaterThan(2);
    const next = await startReadyOwner();
    expect(await query(next.ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]);
    for (const pid of orphans) expect(processesOf(dataDir)).not.toContain(pid);
  });

  test("a second start on the same folder is refused with process and address, and harms nothing", async () => {
    const owner = await startReadyOwner();
    const before = processesOf(dataDir).sort();
    const refused = await startOwner();
    const { code, errors } = await refused.exited;
    expect(code).toBe(1);
    expect(errors).toContain(`already running on ${dataDir} (process ${owner.child.pid}, http://fixture)`);
    expect(await query(owner.ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]);
    expect(processesOf(dataDir).sort()).toEqual(expect.arrayContaining(before));
  });

  test("a pid file that names somebody else's living process does not keep Postgres from starting", async () => {
    const first = await startReadyOwner();
    for (const pid of [first.ready.guardianPid, ...processesOf(dataDir)]) process.kill(pid, "SIGKILL");
    first.child.kill("SIGKILL");
    await first.exited;
    const pidFile = join(dataDir, "postgres/data/postmaster.pid");
    const lines = readFileSync(pidFile, "utf8").split("\n");
    spawnSync("sed", ["-i", `1s/.*/${process.pid}/`, pidFile]);
    expect(lines.length).toBeGreaterThan(3);
    const next = await startReadyOwner();
    expect(await query(next.ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]);
  });

  test("a server that dies by itself is started again on its address", async () => {
    const { ready } = await startReadyOwner();
    const [{ pid } = { pid: 0 }] = await query(
      ready.databaseAdminUrl,
      "select pg_read_file('postmaster.pid', 0, 10)::text as pid",
    );
    process.kill(Number.parseInt(String(pid), 10), "SIGKILL");
    await vi.waitFor(
      async () => expect(await query(ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]),
      { timeout: 15_000, interval: 200 },
    );
  });

  test("a port that is taken meanwhile is replaced by a free one", async () => {
    const first = await startReadyOwner();
    first.child.kill("SIGTERM");
    await first.exited;
    const intruder = createServer();
    await new Promise<void>((resolve) => {
      intruder.listen(Number(new URL(first.ready.redisUrl).port), "127.0.0.1", resolve);
    });
    const second = await startReadyOwner();
    expect(second.ready.redisUrl).not.toBe(first.ready.redisUrl);
    intruder.close();
  });

  test.runIf(process.getuid?.() === 0)(
    "root's servers run as another user, also below a folder that only root may enter",
    async () => {
      const home = join(dataDir, "../home");
      mkdirSync(home, { mode: 0o700 });
      const { ready } = await startReadyOwner({ WHEELHOUSE_DATA_DIR: join(home, "data") });
      expect(await query(ready.databaseAdminUrl, "create table public.kept as select 1 as id")).toEqual([]);
      const place = realpathSync(join(home, "data/postgres"));
      const servers = processesOf(place);
      expect(servers.length).toBeGreaterThan(0);
      for (const pid of servers) expect(statSync(`/proc/${pid}`).uid).not.toBe(0);
      owners.at(-1)?.kill("SIGTERM");
      await vi.waitFor(() => expect(processesOf(place)).toEqual([]), { timeout: 10_000 });
      const next = await startReadyOwner({ WHEELHOUSE_DATA_DIR: join(home, "data") });
      expect(await query(next.ready.databaseAdminUrl, "select id from public.kept")).toEqual([{ id: 1 }]);
      for (const name of ["postgres", "redis"])
        rmSync(realpathSync(join(home, "data", name)), { recursive: true, force: true });
    },
  );
});
