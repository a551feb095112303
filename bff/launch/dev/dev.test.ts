import { rmSync } from "node:fs";
import { io } from "socket.io-client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type DevRun, processesWith, startDev, touchSource } from "#testing/dev-run.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

let dataDir: string;
let run: DevRun;
beforeEach(async () => {
  dataDir = makeTemporaryFolder();
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  run = await startDev(dataDir, {
    DATABASE_URL: database.appUrl,
    DATABASE_SYSTEM_URL: database.systemUrl,
    DATABASE_ADMIN_URL: database.adminUrl,
    REDIS_URL: redis.url,
    WHEELHOUSE_DEMO: "0",
  });
}, 90_000);
afterEach(() => {
  run.child.kill("SIGKILL");
  rmSync(dataDir, { recursive: true, force: true });
});

const read = (path: string) => fetch(`${run.address}${path}`);

function refusalOfLiveChannel(): Promise<string> {
  return new Promise((resolve) => {
    const socket = io(run.address, { path: "/live", transports: ["websocket"], reconnection: false });
    socket.once("connect_error", ({ message }) => {
      socket.close();
      resolve(message);
    });
  });
}

test("one address serves pages from their sources, the API and the live channel, across a restart, until SIGTERM", async () => {
  expect(await (await read("/o/northwind/overview")).text()).toContain("/@vite/client");
  expect(await (await read("/src/main.tsx")).text()).toContain("createRoot");
  expect((await read("/api/v1/session")).status).toBe(401);
  expect((await read("/hooks/northwind/orders")).headers.get("content-type")).toContain("json");
  expect(await (await read("/health/liveness")).json()).toEqual({ status: "up" });
  // This close reason comes from the server: Vite alone would have closed the socket.
  expect(await refusalOfLiveChannel()).not.toBe("websocket error");

  const before = processesWith(dataDir);
  touchSource();
  await vi.waitFor(() => expect(run.restartsMs()).toHaveLength(1), { timeout: 15_000 });
  expect(await (await read("/health/liveness")).json()).toEqual({ status: "up" });
  expect(run.output().match(/Wheelhouse is ready/g)).toHaveLength(1);
  const after = processesWith(dataDir);
  expect(before.filter((pid) => !after.includes(pid))).not.toEqual([]);

  run.child.kill("SIGTERM");
  expect(await run.exited).toBe(0);
  expect(processesWith(dataDir)).toEqual([]);
}, 60_000);

test("a killed run leaves nothing running", async () => {
  expect(processesWith(dataDir).length).toBeGreaterThan(1);
  run.child.kill("SIGKILL");
  await vi.waitFor(() => expect(processesWith(dataDir)).toEqual([]), { timeout: 15_000 });
}, 60_000);
