import { expect, test } from "vitest";
import type { WatchedSources } from "#observe/sources/sources.ts";
import { checkKey } from "./check-key.ts";
import type { Heartbeat } from "./heartbeats.ts";
import { createPushChecks } from "./push-checks.ts";

const sources: WatchedSources = {
  redis: [],
  postgres: [],
  prometheus: [],
  services: [
    {
      id: "nightly",
      name: "Nightly",
      organization: "platform",
      group: null,
      owner: null,
      runbookUrl: null,
      dependsOn: [],
      instances: [{ id: "job", url: "" }],
      format: "push",
      conditions: [],
      intervalMs: 60_000,
      timeoutMs: 30_000,
      downAfter: 3,
      upAfter: 2,
      actuatorBreakers: false,
    },
  ],
};

function setUp() {
  let nowMs = 1_000_000;
  let beat: Heartbeat | null = null;
  let away = false;
  const push = createPushChecks({
    heartbeats: {
      read: async () => {
        if (away) throw new Error("away");
        return [beat];
      },
    },
    clock: { now: () => nowMs },
  });
  push.setSources(sources);
  const after = async (ms: number) => {
    nowMs += ms;
    push.poke(nowMs);
    await new Promise((done) => setImmediate(done));
    return push.checks().get(checkKey("nightly", "job"));
  };
  return {
    after,
    push,
    hear: (state: Heartbeat["state"], message: string | null = null) => {
      beat = { atMs: nowMs, state, message };
    },
    setAway: (value: boolean) => {
      away = value;
    },
  };
}

test("a heartbeat is a check, silence before the deadline is not, and past it the service is down at once", async () => {
  const { after, hear } = setUp();
  hear("ok");
  const first = await after(1_000);
  expect(first).toMatchObject({ state: "ok", cause: null, certain: true, atMs: 1_000_000 });
  expect(await after(60_000)).toBe(first);
  expect(await after(28_000)).toBe(first);
  const late = await after(2_000);
  expect(late).toMatchObject({ state: "down", certain: true, connected: false });
  expect(late?.cause).toMatch(/^No heartbeat since .*; expected every 1 m$/);
  expect(await after(30_000)).toBe(late);
  expect((await after(60_000))?.atMs).toBe((late?.atMs ?? 0) + 60_000);
  hear("ok");
  expect(await after(1_000)).toMatchObject({ state: "ok" });
});

test("before the first heartbeat the deadline starts with watching", async () => {
  const { after } = setUp();
  expect(await after(0)).toBeUndefined();
  expect(await after(90_000)).toBeUndefined();
  expect(await after(2_000)).toMatchObject({
    state: "down",
    cause: "No heartbeat yet; expected every 1 m",
  });
});

test("the state of a heartbeat counts, with its own message", async () => {
  const { after, hear } = setUp();
  hear("degraded", "3 of 5 files imported");
  expect(await after(1_000)).toMatchObject({ state: "degraded", cause: "3 of 5 files imported" });
});

test("while heartbeats cannot be read, nothing is concluded", async () => {
  const { after, hear, setAway } = setUp();
  hear("ok");
  const first = await after(1_000);
  setAway(true);
  expect(await after(600_000)).toBe(first);
});
