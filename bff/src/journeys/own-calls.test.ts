import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

let it: TestApp;
let viewer: Awaited<ReturnType<typeof signInAs>>;
let other: Awaited<ReturnType<typeof signInAs>>;
let isSilent = false;
const server = createServer((request, response) => {
  if (isSilent) request.socket.destroy();
  else response.end('{"status":"UP"}');
});

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const sources = join(mkdtempSync(join(tmpdir(), "wheelhouse-sources-")), "wheelhouse.yaml");
  writeFileSync(
    sources,
    `services:
  - { id: orders, organization: northwind, format: json, interval: 1s, timeout: 500ms, url: "http://127.0.0.1:${port}/health" }
prometheus:
  - { id: orders-metrics, service: orders, organization: northwind, interval: 1s, timeout: 500ms, url: "http://127.0.0.1:${port}/metrics" }
`,
  );
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const environment = {
    WHEELHOUSE_CONFIG: sources,
    WHEELHOUSE_SAMPLE_INTERVAL_MS: "200",
    WHEELHOUSE_WATCH_ALLOW_ADDRESSES: "127.0.0.0/8",
  };
  it = await startTestApp({ urls, redisUrl: redis.url, environment });
  await it.startRoles();
  viewer = await signInAs(it, "viewer");
  other = await signInAs(it, "viewer", "contoso");
}, 60_000);
afterAll(async () => {
  await it.close();
  server.close();
});

const list = z.object({ items: z.array(z.object({ id: z.string(), state: z.string() })) });
const states = async (who = viewer) => {
  const { items } = list.parse((await who.call("GET", "/breakers")).json());
  return items.map(({ id, state }) => `${id} ${state}`).sort();
};

test("checks and scrapes have breakers that open with silence and close with the first answer; one outage stays one problem", async () => {
  await expect
    .poll(states, { timeout: 20_000 })
    .toEqual(["health-checks~orders closed", "scrapes~orders-metrics closed"]);
  isSilent = true;
  await expect
    .poll(async () => (await states()).filter((each) => / (open|half_open)$/.test(each)), { timeout: 20_000 })
    .toHaveLength(2);
  const overview = async () => (await viewer.call("GET", "/overview")).json();
  await expect.poll(async () => (await overview()).problems.length, { timeout: 20_000 }).toBe(1);
  expect((await overview()).problems[0]).toMatchObject({ area: "health", subject: "orders" });
  isSilent = false;
  await expect
    .poll(states, { timeout: 20_000 })
    .toEqual(["health-checks~orders closed", "scrapes~orders-metrics closed"]);
  expect(await states(other)).toEqual([]);
});
