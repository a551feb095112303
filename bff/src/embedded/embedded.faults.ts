import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { randomFrom } from "#testing/random.ts";
import { killIfThere, processesOf, query, startReadyOwner, withQueue } from "#testing/stack-owner.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

const rounds = 50;

let dataDir: string;
beforeEach(() => {
  dataDir = join(makeTemporaryFolder(), "data");
});
afterEach(async () => {
  await vi.waitFor(() => expect(processesOf(dataDir)).toEqual([]), { timeout: 20_000 });
  rmSync(join(dataDir, ".."), { recursive: true, force: true });
});

test(`${rounds} times SIGKILL of everything at a random moment lose no committed row and no queued job`, async () => {
  const seed = Date.now() % 2 ** 31;
  console.log(`seed ${seed}`);
  const random = randomFrom(seed);
  let rows = 0;
  let jobs = 0;
  for (let round = 0; round < rounds; round++) {
    const { child, ready } = await startReadyOwner(dataDir);
    await query(ready.databaseAdminUrl, "create table if not exists public.kept (at timestamptz)");
    const kept = await query(ready.databaseAdminUrl, "select count(*)::int as count from public.kept");
    expect(kept[0]?.count, `rows after round ${round}`).toBeGreaterThanOrEqual(rows);
    rows = kept[0]?.count;
    jobs = await withQueue(ready.redisUrl, async (queue) => {
      const waiting = await queue.getWaitingCount();
      expect(waiting, `jobs after round ${round}`).toBeGreaterThanOrEqual(jobs);
      return waiting;
    });
    let writing = true;
    const writers = [
      (async () => {
        for (; writing; rows++) await query(ready.databaseAdminUrl, "insert into public.kept values (now())");
      })(),
      withQueue(ready.redisUrl, async (queue) => {
        queue.on("error", () => {});
        for (; writing; jobs++) await queue.add("job", {});
      }),
    ].map((writer) => writer.catch(() => {}));
    await wait(random() * 1_500);
    const victims = [ready.guardianPid, child.pid ?? 0, ...processesOf(dataDir)];
    for (const pid of victims.sort(() => random() - 0.5)) killIfThere(pid);
    writing = false;
    await Promise.all(writers);
  }
  expect(rows).toBeGreaterThan(rounds);
  expect(jobs).toBeGreaterThan(rounds);
});
