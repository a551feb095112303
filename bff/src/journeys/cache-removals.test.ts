import { cacheRemoval } from "@wheelhouse/shared/caches/removals.ts";
import type { CacheSource } from "@wheelhouse/shared/reporter/attached.ts";
import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";
import { Redis } from "ioredis";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TestApp } from "#testing/access-app.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { startWatchedApp, type WatchedPeople } from "#testing/watched-app.ts";

const reason = "Pages of the old design";
const path = "/caches/declared/shop~pages/removal";
let it: TestApp;
let server: OwnRedis;
let redis: Redis;
let people: WatchedPeople;

beforeAll(async () => {
  server = await startOwnRedis();
  ({ it, people } = await startWatchedApp(server.url, {
    caches: [
      '{ name: pages, service: shop, prefix: "shop:[pages]:" }',
      '{ name: products, service: shop, prefix: "shop:products", bentocache: products }',
    ],
  }));
  await it.startRoles();
  redis = new Redis(server.url);
});
afterAll(async () => {
  await it.close();
  redis.disconnect();
  await server.dispose();
});
beforeEach(async () => {
  const left = await redis.keys("shop:*");
  if (left.length > 0) await redis.del(left);
  const keys = ["home", "list:1", "list:2", "list*", "lost"].map((key) => `shop:[pages]:${key}`);
  for (const key of [...keys, "shop:p:home", "shop:[pages]", "list:1"]) await redis.set(key, "x");
});

const preview = (who: keyof typeof people, by: string, value: string, at = path) =>
  people[who].call("GET", `${at}?${new URLSearchParams({ by, value })}`);
const remove = (who: keyof typeof people, payload: object, at = path) =>
  people[who].call("POST", at, { payload: { reason, ...payload } });
const pages = async () =>
  (await redis.keys("shop:*pages*")).map((key) => key.slice("shop:[pages]".length)).sort();

test("keys are counted before they are removed: one, by pattern and by prefix, only behind the cache's prefix", async () => {
  const expected: [string, string, string[]][] = [
    ["key", "list:1", [":list:1"]],
    ["key", "list:*", []],
    ["pattern", "list:?", [":list:2"]],
    ["prefix", "list*", [":list*"]],
    ["prefix", "l", [":lost"]],
    ["pattern", "*", [":home"]],
  ];
  for (const [by, value, taken] of expected) {
    const before = await pages();
    const counted = await preview("operator", by, value);
    expect(counted.json(), counted.body).toMatchObject({ count: taken.length, isEstimate: false });
    expect(counted.json().examples).toEqual(taken.map((key) => `shop:[pages]${key}`));
    expect(await pages()).toEqual(before);
    const removed = await remove("operator", { by, value, count: taken.length });
    expect(removed.json(), removed.body).toMatchObject({ state: "done", removed: taken.length });
    expect(await pages()).toEqual(before.filter((key) => !taken.includes(key)));
  }
  expect(await redis.exists("shop:p:home", "shop:[pages]", "list:1")).toBe(3);
});

test("the trail records who removed what, why and how much; the list shows the newest removal", async () => {
  const removal = cacheRemoval.parse(
    (await remove("operator", { by: "prefix", value: "l", count: 4 })).json(),
  );
  const trail = await people.admin.call("GET", "/audit/events?class=cache&limit=2");
  const [outcome, accepted] = trail.json().items;
  expect(accepted).toMatchObject({
    action: "cache.keys.remove",
    outcome: "success",
    reason,
    actor: { id: people.operator.userId },
    targets: [{ type: "cache", id: "shop~pages", name: "pages of shop" }],
    after: { operation: removal.id, prefix: "shop:[pages]:", by: "prefix", value: "l", count: 4 },
  });
  expect(outcome).toMatchObject({
    action: "cache.removal.outcome",
    after: { operation: removal.id, state: "done", removed: 4 },
  });
  const list = await people.viewer.call("GET", "/caches/declared");
  expect(list.json().items).toMatchObject([
    {
      id: "shop~pages",
      prefix: "shop:[pages]:",
      removeBy: ["key", "pattern", "prefix"],
      server: { id: "primary" },
      isReported: false,
      lastRemoval: removal,
    },
    { id: "shop~products", removeBy: ["key", "pattern", "prefix", "tag"], lastRemoval: null },
  ]);
});

test("far more keys than the preview showed are refused, and so is an unsupported operation", async () => {
  for (let at = 0; at < 40; at += 1) await redis.set(`shop:[pages]:new:${at}`, "x");
  const grown = await remove("operator", { by: "prefix", value: "new", count: 3 });
  expect([grown.statusCode, grown.json().error.message]).toEqual([
    409,
    "This would now remove 40 keys, not 3. Nothing was removed; count again.",
  ]);
  const tagged = await preview("operator", "tag", "autumn");
  expect([tagged.statusCode, tagged.json().error.details[0].field]).toEqual([400, "query.by"]);
  expect(await redis.exists("shop:[pages]:new:1")).toBe(1);
});

test("counting and removing require the right, in the cache's own organization", async () => {
  const payload = { by: "pattern", value: "*", count: 5 };
  expect((await preview("viewer", "pattern", "*")).statusCode).toBe(403);
  expect((await remove("viewer", payload)).statusCode).toBe(403);
  expect((await preview("other", "pattern", "*")).statusCode).toBe(404);
  expect((await remove("other", payload)).statusCode).toBe(404);
  expect((await people.other.call("GET", "/caches/declared")).json().items).toEqual([]);
  expect(await pages()).toHaveLength(6);
});

test("a removal continues in another process after its own died, and can be cancelled there", async () => {
  const left = async (cancelled: boolean) => {
    const { rows } = await sql<{ id: string }>`
      insert into cache_removals (org_id, cache_id, cache_name, source_id, prefix, by, value, reason, actor_display,
        runner, told_at, cancel_requested_at)
      values (${people.admin.organizationId}, 'shop~pages', 'pages of shop', 'primary', 'shop:[pages]:', 'pattern', '*',
        ${reason}, 'Somebody', 'a process that died', now() - interval '1 minute', ${cancelled ? new Date() : null})
      returning id`.execute(it.database.system);
    return rows[0]?.id;
  };
  const endOf = async (id: string | undefined) =>
    (await people.viewer.call("GET", `/caches/removals/${id}`)).json().state;
  const cancelled = await left(true);
  await expect.poll(() => endOf(cancelled), { timeout: 15_000 }).toBe("cancelled");
  expect(await pages()).toHaveLength(6);
  const again = await people.operator.call("POST", `/caches/removals/${cancelled}/cancel`);
  expect([again.statusCode, again.json().error.message]).toEqual([409, "This removal has already ended."]);
  const gone = await left(false);
  await expect.poll(() => endOf(gone), { timeout: 15_000 }).toBe("done");
  expect(await pages()).toEqual([""]);
});

test("a bentocache tag is invalidated as bentocache would, in memory as well", async () => {
  const connection = { host: "127.0.0.1", port: Number(new URL(server.url).port) };
  const layers = bentostore({ prefix: "shop:products" })
    .useL1Layer(memoryDriver({ maxItems: 100 }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }));
  const bento = new BentoCache({ default: "products", stores: { products: layers } });
  let loads = 0;
  const get = (key: string, tag: string) =>
    bento.getOrSet({ key, tags: [tag], ttl: "10m", factory: async () => ++loads });
  try {
    // It subscribes on its first call.
    await get("first", "none");
    const listening = () => redis.pubsub("NUMSUB", "bentocache.notifications:products");
    await expect.poll(listening).toEqual(["bentocache.notifications:products", 1]);
    loads = 0;
    expect([await get("coat", "autumn"), await get("hat", "summer"), await get("coat", "autumn")]).toEqual([
      1, 2, 1,
    ]);
    const at = "/caches/declared/shop~products/removal";
    expect((await preview("operator", "tag", "autumn", at)).json()).toMatchObject({ count: null });
    const done = await remove("operator", { by: "tag", value: "autumn", count: null }, at);
    expect(done.json(), done.body).toMatchObject({ state: "done", removed: null });
    await expect.poll(() => get("coat", "autumn")).toBe(3);
    expect(await get("hat", "summer")).toBe(2);
  } finally {
    await bento.disconnectAll();
  }
});

test("a cache that its service reports is invalidated there", async () => {
  const source: CacheSource = {
    read: () => ({
      problem: null,
      threshold: null,
      windowMs: 60_000,
      misses: 0,
      sets: 0,
      evictions: 0,
      loads: 0,
      loadMsTotal: 0,
      groups: [],
      tags: [],
      invalidateBy: [],
      levels: [],
    }),
  };
  const reporter = createReporter({ redis, service: "shop", instance: "shop-1", intervalMs: 500 });
  reporter.cache("pages", source);
  await expect
    .poll(async () => (await people.viewer.call("GET", "/caches/declared")).json().items[0].isReported, {
      timeout: 15_000,
    })
    .toBe(true);
  const refused = await remove("operator", { by: "pattern", value: "*", count: 6 });
  expect([refused.statusCode, refused.json().error.message]).toEqual([
    409,
    expect.stringContaining("Its service reports this cache. Invalidate it there"),
  ]);
  await reporter.close();
});

test("a cache is declared, changed and deleted by API, only by its organization, with immediate effect", async () => {
  const definition = (more: object = {}) => ({
    kind: "cache",
    name: "stock",
    service: "shop",
    server: "primary",
    prefix: "shop:p",
    ...more,
  });
  const declare = (who: keyof typeof people, given: object) =>
    people[who].call("POST", "/sources", { payload: { slug: "stock", definition: given } });
  expect((await declare("operator", definition())).statusCode).toBe(403);
  const elsewhere = await declare("other", definition());
  expect(elsewhere.json().error.details).toMatchObject([{ field: "body.definition.server" }]);
  const reserved = await declare("admin", definition({ prefix: "wheelhouse:" }));
  expect(reserved.json().error.details).toMatchObject([{ field: "body.definition.prefix" }]);
  const taken = await declare("admin", definition({ name: "pages" }));
  expect(taken.json().error.details).toMatchObject([{ field: "body.definition.name" }]);

  const clients = async () =>
    String(await redis.client("LIST")).match(/^id=\d+ (?=.*name=wheelhouse-observe-primary )/gm);
  const before = await clients();
  expect(before).toHaveLength(1);
  const made = await declare("admin", definition());
  expect(made.statusCode, made.body).toBe(201);
  expect(made.json()).toMatchObject({
    id: "northwind.stock",
    kind: "cache",
    origin: "api",
    version: 1,
    definition: definition({ bentocache: null }),
  });
  const at = "/caches/declared/shop~stock/removal";
  expect((await preview("operator", "key", ":home", at)).json()).toMatchObject({ count: 1 });
  const change = { version: 1, definition: definition({ prefix: "shop:[pages]" }) };
  const changed = await people.admin.call("PUT", "/sources/northwind.stock", { payload: change });
  expect(changed.statusCode, changed.body).toBe(200);
  expect((await preview("operator", "key", ":home", at)).json().examples).toEqual(["shop:[pages]:home"]);
  expect((await preview("operator", "tag", "t", at)).statusCode).toBe(400);
  // Caches declared in a server do not require a new connection.
  expect(await clients()).toEqual(before);

  const listed = (await people.admin.call("GET", "/sources")).json().items;
  const caches = listed.filter(({ kind }: { kind: string }) => kind === "cache");
  expect(caches.map(({ id, origin }: Record<string, string>) => `${id} ${origin}`)).toEqual([
    "shop~pages file",
    "shop~products file",
    "northwind.stock api",
  ]);
  const ofFile = await people.admin.call("DELETE", "/sources/shop~pages");
  expect(ofFile.json().error.message).toContain("wheelhouse.yaml");
  expect((await people.admin.call("DELETE", "/sources/northwind.stock")).statusCode).toBe(204);
  expect((await preview("operator", "key", ":home", at)).statusCode).toBe(404);
  const events = (await people.admin.call("GET", "/audit/events?class=sources&limit=5")).json().items;
  const update = events.find(({ action }: { action: string }) => action === "sources.target.update");
  expect(update).toMatchObject({
    before: { prefix: "shop:p" },
    after: { kind: "cache", prefix: "shop:[pages]", server: "primary", bentocache: null },
  });
});
