import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { healthList, serviceDetail } from "@wheelhouse/shared/health/health.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

let observer: TestApp;
/** Serves the collector's data like another process. */
let replica: TestApp;
let started: Parameters<typeof startTestApp>[0];
let program: Server;
let asked = 0;
let open = 12;

beforeAll(async () => {
  program = createServer((_request, response) => {
    asked += 1;
    response.setHeader("content-type", "application/health+json");
    response.end(
      JSON.stringify({
        status: "pass",
        version: "2.31.0",
        checks: { "store:connections": [{ status: "pass", observedValue: open, observedUnit: "open" }] },
      }),
    );
  });
  await new Promise<void>((resolve) => program.listen(0, "127.0.0.1", resolve));
  const address = program.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const sources = join(mkdtempSync(join(tmpdir(), "wheelhouse-services-")), "wheelhouse.yaml");
  writeFileSync(
    sources,
    `services:
  - { id: shop, organization: northwind, format: health+json, url: "http://127.0.0.1:${port}/health", interval: 30s, conditions: ["[STATUS] == 200"] }
  - { id: theirs, organization: contoso, url: "http://127.0.0.1:${port}/", interval: 30s }
`,
  );
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const environment = {
    WHEELHOUSE_CONFIG: sources,
    WHEELHOUSE_ROLES: "collector",
    WHEELHOUSE_SAMPLE_INTERVAL_MS: "200",
    WHEELHOUSE_WATCH_ALLOW_ADDRESSES: "127.0.0.0/8",
  };
  started = { urls, redisUrl: redis.url, environment };
  observer = await startTestApp(started);
  replica = await startTestApp(started);
  await observer.startRoles();
});
afterAll(async () => {
  await replica.close();
  await observer.close();
  program.close();
});

const serviceOf = async (caller: Awaited<ReturnType<typeof signInAs>>, id = "shop") =>
  healthList.parse((await caller.call("GET", "/health")).json()).items.find((row) => row.id === id);
const soon = { timeout: 10_000, interval: 100 };

describe("watched services over the whole path", () => {
  test("each process serves state and detail of a service, never those of another organization", async () => {
    const viewer = await signInAs(replica, "viewer");
    await expect.poll(async () => (await serviceOf(viewer))?.state, soon).toBe("ok");
    expect(await serviceOf(viewer, "theirs")).toBeUndefined();
    expect((await viewer.call("GET", "/health/theirs")).statusCode).toBe(404);
    // A session is valid in every process.
    const atObserver = { ...replica, app: observer.app };
    for (const caller of [viewer, await signInAs(atObserver, "viewer")]) {
      const detail = serviceDetail.parse((await caller.call("GET", "/health/shop")).json());
      expect(detail.service).toMatchObject({ id: "shop", version: "2.31.0", state: "ok" });
      expect(detail.instances).toMatchObject([
        { id: "shop", conditions: [{ text: "[STATUS] == 200", observed: "200", passed: true }] },
      ]);
      expect(detail.instances[0]?.components.length).toBeGreaterThan(0);
    }
  });

  test("a check on demand runs once, and not again within 5 seconds", async () => {
    const operator = await signInAs(replica, "operator");
    const before = asked;
    const answers = await Promise.all([1, 2].map(() => operator.call("POST", "/health/shop/check")));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([202, 429]);
    expect(answers.find(({ statusCode }) => statusCode === 429)?.headers["retry-after"]).toBe("5");
    await expect.poll(() => asked, soon).toBe(before + 1);
    const viewer = await signInAs(replica, "viewer");
    expect((await viewer.call("POST", "/health/shop/check")).statusCode).toBe(403);
    expect((await operator.call("POST", "/health/theirs/check")).statusCode).toBe(404);
  });

  test("maintenance removes a service from the problems, with its reason, until it ends", async () => {
    const operator = await signInAs(replica, "operator");
    const endsAt = new Date(Date.now() + 600_000).toISOString();
    const payload = { services: ["shop"], endsAt, reason: "move to the new rack" };
    const made = await operator.call("POST", "/maintenance", { payload });
    expect(made.statusCode).toBe(201);
    await expect
      .poll(async () => (await serviceOf(operator))?.maintenance, soon)
      .toEqual({ until: endsAt, reason: "move to the new rack" });
    const { checks } = (await operator.call("GET", "/overview")).json();
    expect(checks.maintenance).toBe(1);

    const foreign = await signInAs(replica, "admin", "contoso");
    expect((await foreign.call("GET", "/maintenance")).json().items).toEqual([]);
    expect((await foreign.call("DELETE", `/maintenance/${made.json().id}`)).statusCode).toBe(404);
    const others = await foreign.call("POST", "/maintenance", { payload });
    expect(others.statusCode).toBe(400);
    expect(others.json().error.details[0].field).toBe("body.services.0");

    expect((await operator.call("DELETE", `/maintenance/${made.json().id}`)).json().endedAt).not.toBeNull();
    expect((await operator.call("DELETE", `/maintenance/${made.json().id}`)).statusCode).toBe(409);
    await expect.poll(async () => (await serviceOf(operator))?.maintenance, soon).toBeNull();
    const trail = await operator.call("GET", "/audit/events?action=health.maintenance.create");
    expect(trail.json().items[0]).toMatchObject({ reason: "move to the new rack" });
  });

  test("invalid maintenance is rejected with its field", async () => {
    const operator = await signInAs(replica, "operator");
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const refused = async (part: object) => {
      const payload = { services: ["shop"], endsAt: inDays(0.1), reason: "upgrade", ...part };
      const answer = await operator.call("POST", "/maintenance", { payload });
      return [answer.statusCode, answer.json().error.details[0].field];
    };
    expect(await refused({ endsAt: inDays(-1) })).toEqual([400, "body.endsAt"]);
    expect(await refused({ endsAt: inDays(40) })).toEqual([400, "body.endsAt"]);
    expect(await refused({ startsAt: inDays(200) })).toEqual([400, "body.startsAt"]);
    expect(await refused({ services: ["shop", "nobody"] })).toEqual([400, "body.services.1"]);
    expect(await refused({ reason: " " })).toEqual([400, "body.reason"]);
  });
});

test("a process that was the collector serves the latest detail of a service, not its own old one", async () => {
  // Each start gives the demo's people new passwords.
  let people: TestApp = replica;
  const detailAt = async ({ app }: TestApp) => {
    const caller = await signInAs({ ...people, app }, "operator");
    const { instances } = serviceDetail.parse((await caller.call("GET", "/health/shop")).json());
    return instances[0]?.components.map(({ detail }) => detail);
  };
  expect(await detailAt(observer)).toEqual(["12 open"]);
  const successor = await startTestApp(started);
  people = successor;
  try {
    await successor.startRoles();
    const workers = { method: "GET", url: "/health/workers", remoteAddress: "127.0.0.1" } as const;
    const { owner } = (await successor.app.inject(workers)).json();
    // The lease changes hands here; left to the two processes, chance would decide who takes it.
    const term = await replica.redis.incr("wheelhouse:observe:term");
    await replica.redis.set("wheelhouse:observe:leader", `${owner}/${term}`, "PX", 3_000);
    await expect
      .poll(async () => {
        const { collector } = (await successor.app.inject(workers)).json();
        return collector.leads;
      }, soon)
      .toBe(true);
    open = 13;
    const operator = await signInAs(successor, "operator");
    await replica.redis.del("wheelhouse:observe:check-now:shop");
    expect((await operator.call("POST", "/health/shop/check")).statusCode).toBe(202);
    await expect.poll(() => detailAt(successor), soon).toEqual(["13 open"]);
    await expect.poll(() => detailAt(observer), soon).toEqual(["13 open"]);
  } finally {
    await successor.close();
  }
});

test("own health is served as health+json on request", async () => {
  const answer = await observer.app.inject({
    method: "GET",
    url: "/health",
    remoteAddress: "127.0.0.1",
    headers: { accept: "application/health+json" },
  });
  expect(answer.headers["content-type"]).toContain("application/health+json");
  expect(answer.json()).toMatchObject({
    status: "pass",
    checks: { "postgres:connectivity": [{ status: "pass" }], "collector:observation": [{ status: "pass" }] },
  });
});
