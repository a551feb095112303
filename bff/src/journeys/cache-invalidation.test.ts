import { operation } from "@wheelhouse/shared/operations.ts";
import type { CacheSource } from "@wheelhouse/shared/reporter/attached.ts";
import { reportsKey } from "@wheelhouse/shared/reporter/report.ts";
import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { TestApp } from "#testing/access-app.ts";
import { createTestRedis } from "#testing/stack.ts";
import { startWatchedApp, type WatchedPeople } from "#testing/watched-app.ts";

const reason = "Prices of the autumn list were wrong";
const path = "/caches/shop~price%2520list";
const entries = new Map<string, Map<string, string>>();
const closing: (() => unknown)[] = [];
let it: TestApp;
let people: WatchedPeople;
let redis: Redis;

/** A cache in memory whose entries carry one tag each. */
const startInstance = (instance: string) => {
  const held = new Map<string, string>();
  entries.set(instance, held);
  const source: CacheSource = {
    read: () => ({
      problem: null,
      threshold: 0.9,
      windowMs: 60_000,
      misses: 1,
      sets: 1,
      evictions: 0,
      loads: 1,
      loadMsTotal: 10,
      groups: [],
      tags: ["autumn"],
      invalidateBy: ["key", "tag"],
      levels: [{ level: "memory", hits: 99, entries: held.size, sizeBytes: 100 }],
    }),
    invalidate({ by, value, preview }) {
      const meant = [...held].filter(([key, tag]) => (by === "key" ? key === value : tag === value));
      if (!preview) for (const [key] of meant) held.delete(key);
      return meant.length;
    },
  };
  const subscriber = redis.duplicate();
  const reporter = createReporter({ redis, subscriber, service: "shop", instance, intervalMs: 500 });
  reporter.cache("price list", source);
  closing.push(reporter.close, () => subscriber.disconnect());
};

beforeAll(async () => {
  const { url } = await createTestRedis();
  ({ it, people } = await startWatchedApp(url));
  redis = new Redis(url);
  for (const instance of ["a", "b"]) startInstance(instance);
  await vi.waitFor(async () => expect(await redis.zcard(reportsKey)).toBe(2), { timeout: 10_000 });
});
afterAll(async () => {
  for (const close of closing) await close();
  redis.disconnect();
  await it.close();
});
beforeEach(() => {
  for (const [instance, held] of entries) {
    held.clear();
    for (let at = 0; at < (instance === "a" ? 3 : 2); at += 1) held.set(`coat:${at}`, "autumn");
    held.set("hat:1", "summer");
  }
});

const preview = (who: keyof typeof people, query: string, at = path) =>
  people[who].call("GET", `${at}/invalidation?${query}`);
const invalidate = (who: keyof typeof people, payload: object, at = path) =>
  people[who].call("POST", `${at}/invalidate`, { payload });
const sizes = () => [...entries.values()].map(({ size }) => size);

test("a preview counts on every instance and removes nothing", async () => {
  const answer = await preview("operator", "by=tag&value=autumn");
  expect(answer.statusCode, answer.body).toBe(200);
  expect(answer.json()).toEqual({
    count: 3,
    instances: [
      { instance: "a", outcome: "obeyed", detail: null, count: 3 },
      { instance: "b", outcome: "obeyed", detail: null, count: 2 },
    ],
  });
  expect(sizes()).toEqual([4, 3]);
});

test("an invalidation by tag reaches every instance, and the trail records who, what, why and how much", async () => {
  const answer = await invalidate("operator", { by: "tag", value: "autumn", count: 3, reason });
  expect(answer.statusCode, answer.body).toBe(200);
  const done = operation.parse(answer.json());
  expect(done).toMatchObject({ kind: "cache.invalidate", state: "done", reason });
  expect(done.outcomes.map(({ instance, count }) => [instance, count])).toEqual([
    ["a", 3],
    ["b", 2],
  ]);
  expect(sizes()).toEqual([1, 1]);
  const trail = await people.admin.call("GET", "/audit/events?class=cache&limit=2");
  const [outcome, accepted] = trail.json().items;
  expect(accepted).toMatchObject({
    action: "cache.entries.invalidate",
    outcome: "success",
    reason,
    actor: { id: people.operator.userId },
    targets: [{ type: "cache", name: "price list of shop" }],
    after: { operation: done.operationId, by: "tag", value: "autumn", count: 3, instances: ["a", "b"] },
  });
  expect(outcome).toMatchObject({
    action: "cache.invalidation.outcome",
    after: { operation: done.operationId, obeyed: ["a", "b"], removed: 5 },
  });
  const later = await people.viewer.call("GET", `/caches/operations/${done.operationId}`);
  expect(later.json()).toMatchObject({ state: "done" });
});

test("far more entries than the preview showed are refused, and nothing is removed", async () => {
  for (let at = 0; at < 50; at += 1) entries.get("a")?.set(`new:${at}`, "autumn");
  const answer = await invalidate("operator", { by: "tag", value: "autumn", count: 3, reason });
  expect(answer.statusCode).toBe(409);
  expect(answer.json().error.message).toContain("53 entries, not 3");
  expect(sizes()).toEqual([54, 3]);
});

test("counting needs the same right as removing, and another organization has no such cache", async () => {
  const body = { by: "tag", value: "autumn", count: 3, reason };
  expect((await preview("viewer", "by=tag&value=autumn")).statusCode).toBe(403);
  expect((await invalidate("viewer", body)).statusCode).toBe(403);
  expect((await preview("other", "by=tag&value=autumn")).statusCode).toBe(404);
  expect((await invalidate("other", body)).statusCode).toBe(404);
  expect(sizes()).toEqual([4, 3]);
});

test("an unsupported operation, a missing reason and an unknown cache are reported by field or as not found", async () => {
  const unable = await preview("operator", "by=pattern&value=*");
  expect([unable.statusCode, unable.json().error.message]).toEqual([
    400,
    "query.by: this cache cannot be invalidated by pattern",
  ]);
  const silent = await invalidate("operator", { by: "tag", value: "autumn", count: 3, reason: " " });
  expect([silent.statusCode, silent.json().error.details[0].field]).toEqual([400, "body.reason"]);
  expect((await preview("operator", "by=tag&value=x", "/caches/shop~nothing")).statusCode).toBe(404);
  expect((await preview("operator", "by=tag&value=x", "/caches/nonsense")).statusCode).toBe(404);
});
