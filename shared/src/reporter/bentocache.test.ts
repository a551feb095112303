import { setTimeout as sleep } from "node:timers/promises";
import { BentoCache, bentostore } from "bentocache";
import { MemoryDriver } from "bentocache/drivers/memory";
import { LRUCache } from "lru-cache";
import { afterEach, expect, test } from "vitest";
import { attachBentocache } from "./bentocache.ts";
import { createCacheCounters } from "./cache-counters.ts";
import { report } from "./report.ts";

const prefix = "shop:cache:products";
const attached: { detach?(): void }[] = [];
afterEach(() => {
  for (const source of attached.splice(0)) source.detach?.();
});

/** A second level in a map, shared by all who get the same map. */
const driverOver = (held: Map<string, string>, prefixed = prefix) => ({
  type: "l2" as const,
  namespace: () => driverOver(held),
  get: async (key: string) => held.get(`${prefixed}:${key}`),
  pull: async () => undefined,
  set: async (key: string, value: string) => held.set(`${prefixed}:${key}`, value) === held,
  clear: async () => held.clear(),
  delete: async (key: string) => held.delete(`${prefixed}:${key}`),
  deleteMany: async (keys: string[]) => keys.map((key) => held.delete(`${prefixed}:${key}`)).length > 0,
  disconnect: async () => {},
});

function start(store: string, { held = new Map<string, string>(), max = 100, status = "ready" } = {}) {
  const counters = createCacheCounters();
  const memory = new LRUCache<string, string>({
    max,
    dispose: (_value, _key, reason) => {
      if (reason === "evict") counters.evicted();
    },
  });
  const layers = bentostore({ prefix })
    .useL1Layer({ options: {}, factory: (config) => new MemoryDriver({ ...config, cacheInstance: memory }) })
    .useL2Layer({ options: {}, factory: () => driverOver(held) });
  const bento = new BentoCache({ default: store, stores: { [store]: layers } });
  const redis = {
    status,
    scan: async (_cursor: string, _match: "MATCH", pattern: string): Promise<[string, string[]]> => {
      const beginning = pattern.slice(0, pattern.indexOf("*"));
      return ["0", [...held.keys()].filter((key) => key.startsWith(beginning))];
    },
  };
  const source = attachBentocache(bento, { store, prefix, threshold: 0.8, memory, counters, redis });
  attached.push(source);
  const get = (key: string, tags: string[] = [], load = async () => `value of ${key}`) =>
    bento.getOrSet({ key, tags, factory: load, ttl: "1m" });
  return { source, get, held, bento };
}
const levelsOf = (source: ReturnType<typeof start>["source"]) =>
  source.read().levels.map(({ level, hits }) => [level, hits]);

test("hits count at the level that had the value, misses with their load and their write", async () => {
  const held = new Map<string, string>();
  const { source, get } = start("levels", { held });
  await get("product:1", [], async () => {
    await sleep(20);
    return "1";
  });
  await get("product:1");
  const other = start("levels-of-another", { held });
  await other.get("product:1");
  const read = source.read();
  expect(read).toMatchObject({ misses: 1, sets: 1, evictions: 0, loads: 1, threshold: 0.8, problem: null });
  expect(read.loadMsTotal).toBeGreaterThan(15);
  expect(read.groups).toEqual([{ group: "product:*", hits: 1, misses: 1 }]);
  expect(levelsOf(source)).toEqual([
    ["memory", 1],
    ["redis", 0],
  ]);
  expect(levelsOf(other.source)).toEqual([
    ["memory", 0],
    ["redis", 1],
  ]);
  const [told] = report.shape.caches.parse([{ ...read, name: "products" }]);
  expect(told?.levels, "a report as Wheelhouse reads it").toMatchObject([{ entries: 1 }, { entries: null }]);
});

test("of many concurrent calls one loads, and the others count as coalesced", async () => {
  const { source, get } = start("stampede");
  let loads = 0;
  const load = async () => {
    loads += 1;
    await sleep(20);
    return "1";
  };
  await Promise.all(Array.from({ length: 5 }, () => get("product:1", [], load)));
  await get("product:1");
  expect(loads).toBe(1);
  expect(source.read()).toMatchObject({ coalesced: 4, loads: 1, misses: 1 });
});

test("a failed load is neither a filled miss nor a duration", async () => {
  const { source, get } = start("failing");
  await get("product:1", [], async () => Promise.reject(new Error("no database"))).catch(() => {});
  expect(source.read()).toMatchObject({ loads: 0, loadMsTotal: 0, sets: 0 });
});

test("entries pushed out of memory count as evicted; tag keys are not counted", async () => {
  const { source, get } = start("evicting", { max: 3 });
  for (const key of ["a", "b", "c", "d"]) await get(`product:${key}`);
  expect(source.read()).toMatchObject({ evictions: 1, sets: 4, misses: 4 });
  const tagged = start("tagged");
  await tagged.get("product:1", ["food"]);
  await tagged.get("product:1", ["food"]);
  expect(tagged.source.read()).toMatchObject({ misses: 1, sets: 1, loads: 1 });
  expect(levelsOf(tagged.source)[0]).toEqual(["memory", 1]);
});

test("entries are counted, then removed by key, by pattern and by tag", async () => {
  const { source, get } = start("invalidated");
  const invalidate = async (by: "key" | "pattern" | "tag", value: string) => {
    const counted = await source.invalidate?.({ by, value, preview: true });
    expect(await source.invalidate?.({ by, value, preview: false })).toBe(counted);
    return counted;
  };
  let loads = 0;
  const fill = async () => {
    loads = 0;
    const load = async () => String(loads++);
    await get("product:1", ["food"], load);
    await get("product:2", ["food"], load);
    await get("stock:[1]", ["shelf"], load);
  };
  await fill();
  expect(await invalidate("key", "product:1")).toBe(1);
  await fill();
  expect(loads).toBe(1);
  expect(await invalidate("pattern", "product:*")).toBe(2);
  await fill();
  expect(loads).toBe(2);
  expect(await invalidate("pattern", "stock:[1?")).toBe(1);
  expect(await invalidate("tag", "food")).toBe(2);
  await fill();
  expect(loads).toBe(3);
  expect(await invalidate("key", "nothing")).toBe(0);
});

test("a lost connection is reported, and a detached cache counts no more", async () => {
  const { source, get } = start("away", { status: "reconnecting" });
  expect(source.read().problem).toBe("Redis is not responding: serving from memory alone");
  source.detach?.();
  await get("product:1");
  expect(source.read()).toMatchObject({ misses: 0, sets: 0, loads: 0 });
});
