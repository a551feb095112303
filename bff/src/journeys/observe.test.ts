import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { topics } from "@wheelhouse/shared/live.ts";
import { queueList } from "@wheelhouse/shared/queues.ts";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { pino } from "pino";
import { io } from "socket.io-client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createObserving, createWatch } from "#app/observe.ts";
import { createServers } from "#features/health/health.ts";
import { serverRows } from "#features/health/rows.ts";
import { createQueues } from "#features/queues/queues.ts";
import { queueRows } from "#features/queues/rows.ts";
import { createBadFileAspect, createBadFileBoard } from "#features/sources/aspect.ts";
import { createChannels } from "#lib/channel.ts";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import { createServer } from "#lib/http/server.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { createServerFilter } from "#lib/security/address-filter.ts";
import { systemClock } from "#lib/time/clock.ts";
import type { Catalogue, WatchedSources } from "#observe/sources/sources.ts";
import { createSourcesFile, type SourcesFile } from "#observe/sources/sources.ts";
import { createListAnswers, keptKey, type SnapshotStore } from "#observe/spread/spread.ts";
import { observationsOf } from "#observe/tick/tick.ts";
import { createLiveList } from "#plugins/live/heads.ts";
import { registerLive } from "#plugins/live/live.ts";
import { makeAspects } from "#testing/aspects.ts";
import { createTestDatabase, createTestRedis, startOwnRedis } from "#testing/stack.ts";

const nothing = { rowsOf: () => [], extraOf: () => undefined };
const log = pino({ level: "silent" });
let databaseUrls: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
const ends: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  databaseUrls = await createTestDatabase();
  database = createDatabase({ ...databaseUrls, poolSize: 4, log });
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => database.close());

function observer(
  redisUrl: string,
  {
    roles = ["collector"],
    intervalMs = 200,
    catalogue = createSourcesFile({ path: undefined, clock: systemClock, log }),
    badFile = () => null,
  }: { roles?: string[]; intervalMs?: number; catalogue?: Catalogue; badFile?: SourcesFile["bad"] } = {},
) {
  const redis = createRedis({ url: redisUrl, name: "test-observe", log });
  const channels = createChannels({ redis, redisUrl, log });
  const core = { database, redis, subscribe: channels.subscribe, clock: systemClock, log };
  const watch = createWatch(core, {
    catalogue,
    redisUrl,
    filter: createServerFilter([]),
    intervalMs,
    ownReport: () => null,
  });
  const { snapshots, owner } = watch;
  const past = { readPart: async () => Buffer.from(""), seriesBefore: async () => [] };
  const answer = createListAnswers({ snapshots, readPast: past.readPart });
  const watchedServers = createServers(core, { servers: watch.servers, intervalMs });
  const watchedQueues = createQueues(core, {
    snapshots,
    answer,
    sources: watch.queues,
    servers: watchedServers.rows,
    intervalMs,
  });
  const { aspects, overviewOf } = makeAspects({
    observed: [watchedServers.aspect, watchedQueues.aspect, createBadFileAspect(createBadFileBoard(badFile))],
  });
  const observing = createObserving(core, { watch, aspects, roles });
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await observing.stop();
    await watch.disconnect();
    channels.disconnect();
    redis.disconnect();
  };
  ends.push(stop);
  const seen = () => {
    const tick = snapshots.tick();
    return tick && observationsOf(tick);
  };
  return {
    snapshots,
    owner,
    start: observing.start,
    redis,
    stop,
    overview: () => overviewOf(snapshots.viewsOf(platformOrganization).part),
    servers: () => serverRows.rows(seen() ?? nothing),
    queues: () => queueRows.rows(seen() ?? nothing),
  };
}
/** Watches Overview over a socket, like a page. */
async function watcherOf(snapshots: SnapshotStore) {
  const app = await createServer({ log, trustProxy: false });
  const context: RequestContext = {
    actor: {
      type: "user",
      id: "u",
      display: "U",
      authMethod: "password",
      sessionId: "s",
      can: () => ({ in: () => ({ check: () => true }) }),
    },
    organization: platformOrganization,
    subtreeIds: [platformOrganization.id],
    requestId: "r",
    address: null,
    userAgent: null,
    idempotencyKey: null,
  };
  registerLive(app, {
    topics,
    snapshots,
    intervalMs: 1_000,
    basePath: "",
    clock: systemClock,
    log,
    authenticate: async () => context,
    sessionEnds: { onEnded: () => () => {} },
    lists: {
      webhooks: createLiveList(async () => []),
      events: createLiveList(async () => []),
      replays: createLiveList(async () => []),
      alerts: createLiveList(async () => []),
      jobRuns: createLiveList(async () => []),
      audit: createLiveList(async () => []),
    },
  });
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  const client = io(address, { path: "/live", transports: ["websocket"], forceNew: true });
  ends.push(() => app.close());
  ends.push(() => client.disconnect());
  await new Promise<unknown>((resolve) => client.emit("subscribe", "overview", resolve));
  return client;
}
const connectionOf = (url: string) => {
  const { hostname, port, pathname } = new URL(url);
  return { host: hostname, port: Number(port), db: Number(pathname.slice(1) || 0) };
};
const platform = { id: "0198a000-0000-7000-8000-000000000000", slug: "platform" };

test("Overview reports that the last edit of wheelhouse.yaml is bad, where and since when, until it is fixed", async () => {
  const { url } = await createTestRedis();
  const path = join(mkdtempSync(join(tmpdir(), "wheelhouse-bad-file-")), "wheelhouse.yaml");
  writeFileSync(path, "services: []\n");
  const file = createSourcesFile({ path, clock: systemClock, log });
  const watching = observer(url, { catalogue: file, badFile: file.bad });
  const { overview } = watching;
  const problems = () => overview().problems.filter(({ id }) => id === "sources:file");
  watching.start();
  await expect.poll(() => watching.snapshots.tick()?.head.observedAt, { timeout: 5_000 }).toBeDefined();
  expect(problems()).toEqual([]);
  writeFileSync(path, "services:\n  - id: a\n    url: nonsense\n");
  file.reload();
  await expect.poll(problems, { timeout: 5_000 }).toHaveLength(1);
  expect(problems()[0]).toMatchObject({
    subject: "wheelhouse.yaml",
    cause: expect.stringMatching(
      /^line 3: services\.a\.url: must be a URL.*last valid version stays in effect/,
    ),
    since: file.status().failingSince,
  });
  writeFileSync(path, "services: []\n");
  file.reload();
  await expect.poll(problems, { timeout: 5_000 }).toEqual([]);
  expect(overview().recentChanges.map(({ text }) => text)).toEqual([
    "wheelhouse.yaml is valid again",
    "wheelhouse.yaml is invalid",
  ]);
});

describe("leader and replicas", () => {
  test("a killed collector is reported as lost within 3 s, and another process takes over within 5 s", async () => {
    const { url } = await createTestRedis();
    const urls = { redisUrl: url, appUrl: databaseUrls.appUrl, systemUrl: databaseUrls.systemUrl };
    const fixture = fileURLToPath(new URL("./testing/collector.fixture.ts", import.meta.url));
    const collector = spawn(process.execPath, ["--import", "tsx", fixture, JSON.stringify(urls)]);
    ends.push(() => collector.kill("SIGKILL"));
    // Like a new leader, the standby process waits for the first tick: it starts once it has received one.
    const standby = observer(url, { roles: ["web"], intervalMs: 1_000 });
    const { snapshots, servers } = standby;
    await expect.poll(() => snapshots.tick()?.head.term, { timeout: 15_000, interval: 10 }).toBe(1);
    standby.start();
    const client = await watcherOf(snapshots);
    const lost = new Promise<number>((resolve) => client.on("collector:lost", () => resolve(Date.now())));
    const since = servers()[0]?.since;
    // The longest that its death can stay unnoticed starts with a tick.
    const seq = snapshots.seq();
    await expect.poll(() => snapshots.seq(), { timeout: 5_000, interval: 10 }).toBeGreaterThan(seq);
    const killedMs = Date.now();
    collector.kill("SIGKILL");
    expect((await lost) - killedMs).toBeLessThan(3_000);
    await expect
      .poll(() => snapshots.tick()?.head, { timeout: 6_000, interval: 10 })
      .toMatchObject({ observer: standby.owner });
    expect(Date.now() - killedMs).toBeLessThan(5_000);
    await expect.poll(() => snapshots.tick()?.head.term, { timeout: 6_000 }).toBe(2);
    expect(servers()[0]?.since).toBe(since);
  });

  test("a server added to the catalogue is watched without a restart, and a removed one is disconnected", async () => {
    const { url } = await createTestRedis();
    const own = createSourcesFile({ path: undefined, clock: systemClock, log }).current();
    const added = { id: "added", name: "Added", url, organization: "platform" };
    let current = own;
    let listener = (_: WatchedSources) => {};
    const watching = observer(url, {
      catalogue: {
        current: () => current,
        onChange: (heard) => {
          listener = heard;
          return () => {};
        },
      },
    });
    const change = (redis: WatchedSources["redis"]) => {
      current = { ...own, redis };
      listener(current);
    };
    const ids = () => watching.servers().map(({ id }) => id);
    watching.start();
    await expect.poll(ids, { timeout: 5_000 }).toEqual(["primary", "postgres"]);
    change([...own.redis, added]);
    await expect.poll(ids, { timeout: 5_000 }).toEqual(["primary", "added", "postgres"]);
    const server = () => watching.servers().find(({ id }) => id === "added");
    await expect.poll(() => server()?.state, { timeout: 5_000 }).toBe("ok");
    const probe = new Redis(url);
    ends.push(() => probe.disconnect());
    const named = async () => String(await probe.client("LIST")).includes("wheelhouse-observe-added");
    expect(await named()).toBe(true);
    change(own.redis);
    await expect.poll(ids, { timeout: 5_000 }).toEqual(["primary", "postgres"]);
    await expect.poll(named, { timeout: 5_000 }).toBe(false);
  });

  test("a leader that was replaced without noticing is ignored", async () => {
    const { url } = await createTestRedis();
    const watching = observer(url);
    watching.start();
    const tick = await vi.waitFor(() => {
      const seen = watching.snapshots.tick();
      if (!seen || seen.head.term === 0) throw new Error("nothing observed yet");
      return seen;
    });
    await watching.stop();
    expect(
      watching.snapshots.ingest({
        ...tick,
        head: { ...tick.head, term: tick.head.term + 1, observer: "new" },
      }),
    ).toBe(true);
    expect(watching.snapshots.ingest({ ...tick, head: { ...tick.head, observer: "old" } })).toBe(false);
    expect(watching.snapshots.tick()?.head.observer).toBe("new");
  });

  test("charts and start times of states survive a restart", async () => {
    const { url } = await createTestRedis();
    const queue = new Queue("kept", { connection: connectionOf(url) });
    await queue.add("a", {});
    await queue.close();
    const before = observer(url);
    before.start();
    const since = await vi.waitFor(() => {
      const row = before.queues()[0];
      if (!row) throw new Error("not seen yet");
      return row.since;
    });
    await vi.waitFor(async () => expect(await before.redis.exists(keptKey)).toBe(1));
    await before.stop();
    const after = observer(url);
    after.start();
    await vi.waitFor(() => expect(after.snapshots.tick()?.head.observer).toBe(after.owner));
    expect(after.queues()[0]?.since).toBe(since);
  });
});

describe("a Redis that is away", () => {
  test("is reported with its time, its queues are unknown and not gone, and everything recovers by itself", async () => {
    const own = await startOwnRedis();
    ends.push(() => own.dispose());
    const queue = new Queue("orders", { connection: connectionOf(own.url) });
    await queue.add("a", {});
    await queue.close();
    const { snapshots, start, overview: overviewNow } = observer(own.url);
    start();
    const view = () => snapshots.viewsOf(platform);
    await vi.waitFor(() => expect(overviewNow().checks).toMatchObject({ down: 1, ok: 2 }), {
      timeout: 5_000,
    });
    expect(overviewNow().problems[0]).toMatchObject({ label: "No worker", subject: "orders" });

    const killedMs = Date.now();
    await own.kill();
    await vi.waitFor(
      () => expect(overviewNow().checks).toMatchObject({ down: 1, unknown: 1, ok: 1, total: 3 }),
      { timeout: 5_000 },
    );
    const overview = overviewNow();
    const [problem] = overview.problems;
    expect(overview.problems).toHaveLength(1);
    expect(problem).toMatchObject({ subject: "Redis primary", state: "down", affects: "1 queue" });
    expect(Date.parse(problem?.since ?? "")).toBeGreaterThanOrEqual(killedMs - 250);
    expect(Date.now() - Date.parse(overview.observedAt ?? "")).toBeLessThan(1_000);
    const list = queueList.parse(view().list("queues"));
    expect(list.items[0]).toMatchObject({ id: "orders", state: "unknown", counts: { waiting: 1 } });
    expect(Date.parse(list.observedAt ?? "")).toBeLessThan(killedMs + 250);
    expect(overview.tiles.redis.opsPerSecond).toBeNull();

    await own.start();
    await vi.waitFor(() => expect(overviewNow().checks).toMatchObject({ unknown: 0, ok: 2, down: 1 }), {
      timeout: 10_000,
    });
    expect(overviewNow().problems[0]).toMatchObject({ label: "No worker" });
    expect(snapshots.tick()?.head.term).toBeGreaterThan(0);
  }, 30_000);

  test("and hangs instead of refusing does not hold up the others", async () => {
    const own = await startOwnRedis();
    ends.push(() => own.dispose());
    const { snapshots, start, servers } = observer(own.url, { intervalMs: 500 });
    start();
    await vi.waitFor(() => expect(servers().map(({ state }) => state)).toEqual(["ok", "ok"]));
    own.pause();
    const seqBefore = snapshots.seq();
    await vi.waitFor(() => expect(servers()[0]?.state).toBe("down"), { timeout: 10_000 });
    expect(servers()[1]?.state).toBe("ok");
    expect(snapshots.seq()).toBeGreaterThan(seqBefore + 3);
    own.resume();
    await vi.waitFor(() => expect(servers()[0]?.state).toBe("ok"), { timeout: 10_000 });
  }, 30_000);
});
