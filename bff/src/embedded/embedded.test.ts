import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  killIfThere,
  type Owner,
  processesOf,
  query,
  startOwner,
  startReadyOwner,
  withQueue,
} from "#testing/stack-owner.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

let dataDir: string;
/**
 * The data of a first start, with its files in order. A test starts from a copy, because initialising a cluster takes
 * seconds.
 */
let firstStart: string;
const owners: Owner[] = [];
beforeAll(async () => {
  firstStart = join(makeTemporaryFolder(), "data");
  const { child, exited } = await startReadyOwner(firstStart);
  child.kill("SIGTERM");
  expect((await exited).code).toBe(0);
});
afterAll(() => rmSync(join(firstStart, ".."), { recursive: true, force: true }));
beforeEach(() => {
  dataDir = join(makeTemporaryFolder(), "data");
  // Owners and modes matter, and `cpSync` does not keep them.
  execFileSync("cp", ["-a", firstStart, dataDir]);
});
afterEach(async () => {
  for (const { child } of owners.splice(0)) child.kill("SIGKILL");
  await vi.waitFor(() => expect(processesOf(dataDir)).toEqual([]), { timeout: 15_000 });
  rmSync(join(dataDir, ".."), { recursive: true, force: true });
});

async function start(folder = dataDir) {
  const owner = await startReadyOwner(folder);
  owners.push(owner);
  return owner;
}

describe("embedded servers", () => {
  test("SIGTERM ends everything with exit code 0, and a second start is fast and keeps its ports", async () => {
    const first = await start();
    first.child.kill("SIGTERM");
    expect((await first.exited).code).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);

    const second = await start();
    expect(second.ready).toMatchObject({
      redisUrl: first.ready.redisUrl,
      databaseAdminUrl: first.ready.databaseAdminUrl,
    });
    expect(second.ready.startedInMs).toBeLessThan(5_000);
  });

  test("servers listen on loopback only, and secrets are readable by their owner only", async () => {
    const { ready } = await start();
    expect(await query(ready.databaseAdminUrl, "show listen_addresses")).toEqual([
      { listen_addresses: "127.0.0.1" },
    ]);
    for (const file of ["secrets.json", "connections.json"])
      expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    const command = processesOf(dataDir).map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    expect(command.join()).not.toContain(new URL(ready.databaseAdminUrl).password);
  });

  test("an owner that is killed leaves nothing running", async () => {
    const owner = await start();
    expect(processesOf(dataDir).length).toBeGreaterThan(2);
    owner.child.kill("SIGKILL");
    await vi.waitFor(() => expect(processesOf(dataDir)).toEqual([]), { timeout: 12_000 });
    await vi.waitFor(() => expect(existsSync(`/proc/${owner.ready.guardianPid}/exe`)).toBe(false));
  });

  test("a start right after the owner was killed waits for its servers and succeeds", async () => {
    const owner = await start();
    owner.child.kill("SIGKILL");
    const next = await start();
    expect(await query(next.ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]);
  });

  test("SIGKILL of everything at once loses no committed row and no queued job", async () => {
    const { child, ready } = await start();
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
    for (const pid of [ready.guardianPid, ...processesOf(dataDir)]) killIfThere(pid);
    child.kill("SIGKILL");
    const [rowsAcknowledged, jobsAcknowledged] = [committed, queued];
    writing = false;

    const next = await start();
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
    const { child, ready } = await start();
    process.kill(ready.guardianPid, "SIGSTOP");
    process.kill(ready.guardianPid, "SIGKILL");
    child.kill("SIGKILL");
    await vi.waitFor(() => expect(existsSync(`/proc/${ready.guardianPid}/exe`)).toBe(false));
    const orphans = processesOf(dataDir);
    expect(orphans.length).toBeGreaterThan(2);
    const next = await start();
    expect(await query(next.ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]);
    for (const pid of orphans) expect(processesOf(dataDir)).not.toContain(pid);
  });

  test("a second start on the same folder is refused with process and address, and harms nothing", async () => {
    const owner = await start();
    const before = processesOf(dataDir).sort();
    const refused = await startOwner(dataDir);
    const { code, errors } = await refused.exited;
    expect(code).toBe(1);
    expect(errors).toContain(`already running on ${dataDir} (process ${owner.child.pid}, http://fixture)`);
    expect(await query(owner.ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]);
    expect(processesOf(dataDir).sort()).toEqual(expect.arrayContaining(before));
  });

  test("a pid file that names somebody else's living process does not keep Postgres from starting", async () => {
    const first = await start();
    for (const pid of [first.ready.guardianPid, ...processesOf(dataDir)]) killIfThere(pid);
    first.child.kill("SIGKILL");
    await first.exited;
    const pidFile = join(dataDir, "postgres/data/postmaster.pid");
    const lines = readFileSync(pidFile, "utf8").split("\n");
    spawnSync("sed", ["-i", `1s/.*/${process.pid}/`, pidFile]);
    expect(lines.length).toBeGreaterThan(3);
    const next = await start();
    expect(await query(next.ready.databaseAdminUrl, "select 1 as up")).toEqual([{ up: 1 }]);
  });

  test("a server that dies by itself is started again on its address", async () => {
    const { ready } = await start();
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
    const first = await start();
    first.child.kill("SIGTERM");
    await first.exited;
    const intruder = createServer();
    await new Promise<void>((resolve) => {
      intruder.listen(Number(new URL(first.ready.redisUrl).port), "127.0.0.1", resolve);
    });
    const second = await start();
    expect(second.ready.redisUrl).not.toBe(first.ready.redisUrl);
    intruder.close();
  });

  test.runIf(process.getuid?.() === 0)(
    "root's servers run as another user, also below a folder that only root may enter",
    async () => {
      const home = join(dataDir, "../home");
      mkdirSync(home, { mode: 0o700 });
      const { ready } = await start(join(home, "data"));
      expect(await query(ready.databaseAdminUrl, "create table public.kept as select 1 as id")).toEqual([]);
      const place = realpathSync(join(home, "data/postgres"));
      const servers = processesOf(place);
      expect(servers.length).toBeGreaterThan(0);
      for (const pid of servers) expect(statSync(`/proc/${pid}`).uid).not.toBe(0);
      owners.at(-1)?.child.kill("SIGTERM");
      await vi.waitFor(() => expect(processesOf(place)).toEqual([]), { timeout: 10_000 });
      const next = await start(join(home, "data"));
      expect(await query(next.ready.databaseAdminUrl, "select id from public.kept")).toEqual([{ id: 1 }]);
      next.child.kill("SIGTERM");
      await next.exited;
      for (const name of ["postgres", "redis"])
        rmSync(realpathSync(join(home, "data", name)), { recursive: true, force: true });
    },
  );
});
