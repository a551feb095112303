import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportedAuditTrailer } from "@wheelhouse/shared/audit/export-format.ts";
import { serviceDetail } from "@wheelhouse/shared/health/health.ts";
import { sql } from "kysely";
import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startReceiver } from "#features/webhooks/testing/gateway.fixture.ts";
import { migrate } from "#lib/postgres/migrate.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { type PgBouncer, startPgBouncer } from "#testing/postgres/pgbouncer.ts";
import { createTestRedis, type OwnPostgres, startOwnPostgres } from "#testing/stack.ts";
import { query } from "#testing/stack-owner.ts";

const log = pino({ level: "silent" });
const rows = z.object({ items: z.array(z.object({ id: z.string() })) });
const figures = z.object({ series: z.array(z.object({ values: z.array(z.number().nullable()) })) });
const named = z.object({ items: z.array(z.object({ name: z.string() })) });
let postgres: OwnPostgres;
let pooler: PgBouncer;
let it: TestApp;
let northwind: Awaited<ReturnType<typeof signInAs>>;
let contoso: Awaited<ReturnType<typeof signInAs>>;

const through = () => ({
  appUrl: pooler.through(postgres.appUrl),
  systemUrl: pooler.through(postgres.systemUrl),
});

beforeAll(async () => {
  const redis = await createTestRedis();
  postgres = await startOwnPostgres();
  pooler = await startPgBouncer([postgres.appUrl, postgres.systemUrl, postgres.adminUrl]);
  const config = join(mkdtempSync(join(tmpdir(), "wheelhouse-sources-")), "wheelhouse.yaml");
  const watched = pooler.through(postgres.adminUrl);
  writeFileSync(config, `postgres:\n  - { id: shop-db, organization: northwind, url: "${watched}" }\n`);
  it = await startTestApp({
    urls: { ...through(), adminUrl: postgres.adminUrl },
    redisUrl: redis.url,
    environment: {
      WHEELHOUSE_CONFIG: config,
      WHEELHOUSE_SAMPLE_INTERVAL_MS: "200",
      WHEELHOUSE_ALLOW_ADDRESSES: "127.0.0.0/8",
    },
  });
  await it.startRoles();
  [northwind, contoso] = await Promise.all([signInAs(it, "admin"), signInAs(it, "admin", "contoso")]);
}, 60_000);
afterAll(async () => {
  await it?.close();
  await pooler?.stop();
  await postgres?.dispose();
});

test("an act behind PgBouncer in transaction mode is done and in the trail, which can be exported whole", async () => {
  const payload = { name: "Behind a pooler", capabilities: ["audit:read"], expiresAt: null };
  const made = await northwind.call("POST", "/tokens", { payload });
  expect(made.statusCode, made.body).toBe(201);
  const { token } = z.object({ token: z.string() }).parse(made.json());
  const read = await it.app.inject({
    url: "/api/v1/audit/events?action=access.token.create",
    headers: { authorization: `Bearer ${token}` },
  });
  expect(read.json().items).toMatchObject([{ targets: [{ name: "Behind a pooler" }] }]);

  const exports = await Promise.all(
    [northwind, contoso].map((who) => who.call("GET", "/audit/export?format=ndjson")),
  );
  for (const [at, answer] of exports.entries()) {
    expect(answer.statusCode).toBe(200);
    const lines = answer.body.trim().split("\n");
    expect(exportedAuditTrailer.parse(JSON.parse(lines.pop() ?? "")).trailer.rows).toBe(lines.length);
    expect(answer.body.includes("Behind a pooler")).toBe(at === 0);
  }
});

test("a webhook behind PgBouncer is taken in and delivered", async () => {
  const receiver = await startReceiver();
  try {
    const source = await northwind.call("POST", "/webhooks/sources", {
      payload: { slug: "shop", name: "Shop", scheme: "standard" },
    });
    expect(source.statusCode, source.body).toBe(201);
    const endpoint = await northwind.call("POST", "/webhooks/endpoints", {
      payload: { slug: "in", name: "In", url: receiver.url, eventTypes: [] },
    });
    expect(endpoint.statusCode, endpoint.body).toBe(201);
    const { secret } = z.object({ secret: z.string() }).parse(source.json());
    const payload = JSON.stringify({ type: "order.paid", data: { id: 1 } });
    const now = new Date();
    const accepted = await it.app.inject({
      method: "POST",
      url: "/hooks/northwind/shop",
      payload,
      headers: {
        "content-type": "application/json",
        "webhook-id": "order-1",
        "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
        "webhook-signature": new Webhook(secret).sign("order-1", now, payload),
      },
    });
    expect(accepted.statusCode, accepted.body).toBe(202);
    const statuses = async () => {
      const { items } = (await northwind.call("GET", "/webhooks/deliveries")).json();
      return z
        .array(z.object({ status: z.string() }))
        .parse(items)
        .map(({ status }) => status);
    };
    await expect.poll(statuses, { timeout: 15_000 }).toEqual(["completed"]);
    expect(receiver.received.map(({ body }) => body)).toEqual([payload]);
  } finally {
    await receiver.close();
  }
});

test("a Postgres that is watched through PgBouncer is read, and what was seen can be read for a past moment", async () => {
  const detail = async () =>
    serviceDetail.safeParse((await northwind.call("GET", "/health/shop-db")).json()).data;
  await expect.poll(async () => (await detail())?.service.state, { timeout: 15_000 }).toBe("ok");
  expect((await detail())?.server?.postgres?.connections).toBeGreaterThan(0);
  const past = async () => {
    const answer = await northwind.call("GET", `/health?at=${new Date().toISOString()}`);
    const { success, data } = rows.safeParse(answer.json());
    return success ? data.items.map(({ id }) => id) : [];
  };
  await expect.poll(past, { timeout: 40_000, interval: 500 }).toContain("shop-db");
  const known = async () => {
    const range = `from=${new Date(Date.now() - 60_000).toISOString()}&to=${new Date().toISOString()}`;
    const path = `/history/series?kind=server&id=shop-db&metrics=connections&${range}`;
    const { series } = figures.parse((await northwind.call("GET", path)).json());
    return series.flatMap(({ values }) => values).some((value) => value !== null && value > 0);
  };
  await expect.poll(known, { timeout: 15_000 }).toBe(true);
}, 60_000);

test("no client behind PgBouncer sees with what another one may see, however their transactions mix", async () => {
  for (const [who, name] of [
    [northwind, "Northwind's"],
    [contoso, "Contoso's"],
  ] as const) {
    const payload = { name, capabilities: ["audit:read"], expiresAt: null };
    expect((await who.call("POST", "/tokens", { payload })).statusCode).toBe(201);
  }
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, at) => {
      const who = at % 2 === 0 ? northwind : contoso;
      const { items } = named.parse((await who.call("GET", "/tokens")).json());
      return { isFirst: at % 2 === 0, names: items.map(({ name }) => name) };
    }),
  );
  for (const { isFirst, names } of answers) {
    expect(names).toContain(isFirst ? "Northwind's" : "Contoso's");
    expect(names).not.toContain(isFirst ? "Contoso's" : "Northwind's");
  }

  const database = createDatabase({ ...through(), poolSize: 20, log });
  const seen = sql<{ ids: string[]; pid: number }>`
    select wheelhouse.current_organizations() as ids, pg_backend_pid() as pid`;
  try {
    const processes = new Set<number>();
    await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const mine = at % 2 === 0 ? northwind.organizationId : contoso.organizationId;
        const within = await database.asOrganizations([mine], (tx) => seen.execute(tx));
        const outside = await seen.execute(database.app);
        for (const { pid } of [...within.rows, ...outside.rows]) processes.add(pid);
        expect(within.rows[0]?.ids).toEqual([mine]);
        expect(outside.rows[0]?.ids).toEqual([]);
      }),
    );
    // Fewer than the clients, so that they did share.
    expect(processes.size).toBeLessThanOrEqual(5);
  } finally {
    await database.close();
  }
});

test("migrations run through PgBouncer, too", async () => {
  const adminUrl = pooler.through(postgres.adminUrl);
  expect(await migrate({ adminUrl, log })).toEqual([]);
  expect(await migrate({ adminUrl, log })).toEqual([]);
});

test("nothing asks for a start-up parameter, and none leaves a statement, lock or setting in a shared connection", async () => {
  expect(pooler.log()).not.toContain("unsupported startup parameter");
  const left = sql<{ statements: string[]; organizations: string | null; timeout: string }>`
    select array(select name from pg_prepared_statements) as statements,
      nullif(current_setting('wheelhouse.organization_ids', true), '') as organizations,
      current_setting('statement_timeout') as timeout from pg_sleep(0.02)`;
  const database = createDatabase({ ...through(), poolSize: 20, log });
  try {
    for (const pool of [database.app, database.system])
      for (const { rows } of await Promise.all(Array.from({ length: 20 }, () => left.execute(pool))))
        expect(rows).toEqual([{ statements: [], organizations: null, timeout: "30s" }]);
    // Those of running transactions end.
    const locks = async () =>
      (await sql`select from pg_locks where locktype = 'advisory'`.execute(database.system)).rows.length;
    await expect.poll(locks, { timeout: 10_000 }).toBe(0);
  } finally {
    await database.close();
  }
});

test("each run of the migrations gives the roles what they lack, also a role of another name", async () => {
  const admin = (text: string) => query(postgres.adminUrl, text);
  await admin(
    "alter role wheelhouse_app reset all; create role acme_console login password 'acme' in role wheelhouse_app",
  );
  const own = Object.assign(new URL(postgres.appUrl), { username: "acme_console", password: "acme" }).href;
  await migrate({ adminUrl: postgres.adminUrl, loginUrls: [postgres.appUrl, own], log });
  for (const url of [postgres.appUrl, own]) {
    const database = createDatabase({ appUrl: url, systemUrl: postgres.systemUrl, poolSize: 1, log });
    const has = sql<{ path: string; zone: string; timeout: string }>`
      select current_setting('search_path') as path, current_setting('TimeZone') as zone,
        current_setting('statement_timeout') as timeout`;
    try {
      expect((await has.execute(database.app)).rows).toEqual([
        { path: "wheelhouse", zone: "UTC", timeout: "30s" },
      ]);
    } finally {
      await database.close();
    }
  }
});

test("while Postgres is stopped behind PgBouncer pages from memory stay readable, and all works again once it is back", async () => {
  const readiness = async () => (await it.app.inject({ url: "/health/readiness" })).statusCode;
  await expect.poll(readiness, { timeout: 15_000 }).toBe(200);
  await postgres.stop();
  await expect.poll(readiness, { timeout: 15_000 }).toBe(503);
  expect((await northwind.call("GET", "/overview")).statusCode).toBe(200);
  await postgres.start();
  await expect.poll(readiness, { timeout: 40_000, interval: 200 }).toBe(200);
  const payload = { name: "After the outage", capabilities: ["audit:read"], expiresAt: null };
  expect((await northwind.call("POST", "/tokens", { payload })).statusCode).toBe(201);
}, 90_000);
