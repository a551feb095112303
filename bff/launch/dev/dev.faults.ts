import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { processesWith, startDev, touchSource } from "#testing/dev-run.ts";
import { processesOf } from "#testing/stack-owner.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

const restarts = 12;
const limitMs = 2_000;
const fleetSchema = z.object({ controlPort: z.number() });

let dataDir: string;
beforeEach(() => {
  dataDir = join(makeTemporaryFolder(), "data");
});
afterEach(() => rmSync(join(dataDir, ".."), { recursive: true, force: true }));

const controlPort = () =>
  fleetSchema.parse(JSON.parse(readFileSync(join(dataDir, "fleet/fleet.json"), "utf8"))).controlPort;

test(`${restarts} changes: on an idle machine the server is back within 2 s, servers and fleet stay, nothing is left`, async () => {
  const run = await startDev(dataDir, {});
  try {
    await vi.waitFor(() => expect(controlPort()).toBeGreaterThan(0), { timeout: 60_000 });
    const serversBefore = processesOf(dataDir);
    const portBefore = controlPort();
    for (let round = 1; round <= restarts; round++) {
      touchSource();
      await vi.waitFor(() => expect(run.restartsMs()).toHaveLength(round), { timeout: 30_000 });
      expect((await fetch(`${run.address}/health/liveness`)).status).toBe(200);
    }
    const tookMs = run.restartsMs().sort((a, b) => a - b);
    console.log(`restarts, ms: ${tookMs.join(" ")}`);
    expect(tookMs[Math.floor(restarts / 4)]).toBeLessThan(limitMs);
    expect(controlPort()).toBe(portBefore);
    // Postgres backends come and go with the server; Postgres, Redis and the fleet's supervisor stay.
    expect(processesOf(dataDir)).toEqual(expect.arrayContaining(serversBefore.slice(0, 2)));
    run.child.kill("SIGTERM");
    expect(await run.exited).toBe(0);
    expect([...processesWith(dataDir), ...processesOf(dataDir)]).toEqual([]);
  } finally {
    run.child.kill("SIGKILL");
  }
});
