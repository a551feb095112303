import { randomBytes } from "node:crypto";
import type { ClientToServerEvents, ServerToClientEvents } from "@wheelhouse/shared/live.ts";
import pg from "pg";
import { pino } from "pino";
import { io, type Socket } from "socket.io-client";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { hearAll } from "#testing/live-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

/** Every planted secret, by where it was planted. */
const canaries = new Map<string, string>();
const plant = (where: string, prefix = "", value = randomBytes(24).toString("hex")) => {
  canaries.set(where, value);
  return prefix + value;
};
/** All output, by where it was seen. */
const seen: [string, string][] = [];

let it: TestApp;
let adminUrl: string;
const logged: string[] = [];
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  adminUrl = urls.adminUrl;
  const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    log,
    environment: { WHEELHOUSE_ALLOW_ADDRESSES: "127.0.0.0/8" },
  });
});
afterAll(() => it.close());

type Person = Awaited<ReturnType<typeof signInAs>>;
type Answer = Awaited<ReturnType<Person["call"]>>;

/** Records an answer, except where a secret is handed to its owner. */
function keep(answer: Answer, { without = "" }: { without?: string } = {}): Answer {
  const text = JSON.stringify([answer.headers, answer.body]);
  seen.push(["an answer", without === "" ? text : text.replaceAll(without, "")]);
  return answer;
}

async function tryPasswords(viewer: Person) {
  const wrong = plant("a wrong password");
  for (const email of [viewer.person.email, "nobody@nowhere.example", plant("a password in the wrong field")])
    keep(
      await it.app.inject({ method: "POST", url: "/api/v1/session", payload: { email, password: wrong } }),
    );
  keep(await viewer.call("POST", "/session/step-up", { payload: { password: wrong } }));
  const newPassword = plant("a new password");
  const change = { currentPassword: viewer.person.password, newPassword };
  const changed = await viewer.call("PUT", "/session/password", { payload: change });
  expect(changed.statusCode).toBe(200);
  const again = await it.app.inject({
    method: "POST",
    url: "/api/v1/session",
    payload: { email: viewer.person.email, password: newPassword },
  });
  expect(again.statusCode).toBe(200);
  plant("a session's token", "", again.cookies[0]?.value ?? "");
  const token = plant("a made-up link");
  const reset = { token, newPassword: plant("a password with a made-up link") };
  keep(await it.app.inject({ method: "POST", url: "/api/v1/session/password-reset", payload: reset }));
}

async function makeSecrets(admin: Person, viewer: Person) {
  const headers = { "idempotency-key": "canary" };
  const payload = { name: "Canary", capabilities: ["audit:read"], expiresAt: null };
  const made = await admin.call("POST", "/tokens", { headers, payload });
  expect(made.statusCode).toBe(201);
  const token = plant("an API token", "", z.object({ token: z.string() }).parse(made.json()).token);
  keep(await admin.call("GET", "/tokens"));
  const used = { authorization: `Bearer ${token}` };
  keep(await it.app.inject({ method: "GET", url: "/api/v1/audit/events", headers: used }));
  const link = await admin.call("POST", `/members/${viewer.userId}/password-reset`);
  plant("a reset link", "", z.object({ path: z.string() }).parse(link.json()).path.split("#")[1]);
  const invitation = { email: "invited@northwind.example", role: "viewer" };
  const invited = await admin.call("POST", "/invitations", { payload: invitation });
  plant("an invitation", "", z.object({ path: z.string() }).parse(invited.json()).path.split("#")[1]);
}

async function sendStrangeHeaders(viewer: Person) {
  const headers = {
    authorization: `Bearer ${plant("a bearer that is none")}`,
    cookie: `wheelhouse=${plant("a session that is none")}; other=${plant("another cookie")}`,
    "x-api-key": plant("a header"),
    "x-wheelhouse-organization": "nowhere",
  };
  keep(await it.app.inject({ method: "GET", url: "/api/v1/audit/events", headers }));
  const foreign = { ...headers, authorization: "Basic x", cookie: `wheelhouse=${viewer.cookie}` };
  keep(await it.app.inject({ method: "GET", url: "/api/v1/audit/events", headers: foreign }));
  const body = plant("a body that is no JSON");
  const broken = { method: "POST", url: "/api/v1/session", payload: `{"password":"${body}` } as const;
  keep(await it.app.inject({ ...broken, headers: { "content-type": "application/json" } }));
  const unknown = { email: "a@b.example", password: [plant("a password of another type")] };
  keep(await it.app.inject({ method: "POST", url: "/api/v1/session", payload: unknown }));
}

async function receiveEvent(admin: Person) {
  const bytes = randomBytes(24);
  const secret = plant("a webhook secret", "whsec_", bytes.toString("base64"));
  const source = { slug: "canary", name: "Canary", scheme: "standard", secret };
  const made = await admin.call("POST", "/webhooks/sources", { payload: source });
  expect(made.statusCode, made.body).toBe(201);
  const endpoint = {
    slug: "canary",
    name: "Canary",
    url: "http://127.0.0.1:9/in",
    eventTypes: ["canary.sang"],
    secret: plant("an endpoint's secret", "whsec_", randomBytes(24).toString("base64")),
  };
  const receiver = await admin.call("POST", "/webhooks/endpoints", { payload: endpoint });
  expect(receiver.statusCode, receiver.body).toBe(201);
  const event = {
    type: "canary.sang",
    timestamp: new Date().toISOString(),
    data: { password: plant("a field of a payload"), nested: { api_key: plant("a nested field") } },
  };
  const body = JSON.stringify(event);
  const post = (signature: string, id: string) =>
    it.app.inject({
      method: "POST",
      url: "/hooks/northwind/canary",
      payload: body,
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-signature": signature,
        "webhook-timestamp": String(Math.floor(Date.now() / 1_000)),
        authorization: `Bearer ${plant(`the ${id}'s authorization`)}`,
        "x-api-key": plant(`the ${id}'s key`),
      },
    });
  keep(await post(`v1,${plant("a signature")}`, "forgery"));
  const accepted = keep(await post(new Webhook(secret).sign("event", new Date(), body), "event"));
  expect(accepted.statusCode).toBe(202);
}

async function readEverything(admin: Person) {
  const root = await signInAs(it, "superadmin", "platform");
  for (const organization of ["northwind", "platform"]) {
    const headers = { "x-wheelhouse-organization": organization };
    for (const path of [
      "/audit/events?limit=200",
      "/audit/export?format=ndjson",
      "/audit/export?format=csv",
      "/webhooks/deliveries?limit=200",
      "/limits",
      "/sessions",
    ]) {
      const answer = keep(await root.call("GET", path, { headers }));
      expect(answer.statusCode, path).toBe(200);
      expect(answer.body.length, path).toBeGreaterThan(20);
    }
  }
  const list = await admin.call("GET", "/webhooks/deliveries?limit=200");
  const { items } = z.object({ items: z.array(z.object({ id: z.string() })) }).parse(list.json());
  expect(items).toHaveLength(1);
  for (const { id } of items) {
    const detail = keep(await admin.call("GET", `/webhooks/deliveries/${id}`));
    expect(detail.body).toContain("[redacted]");
  }
}

/** All rows of all tables as text, and all of Redis. */
async function dump() {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const { rows: tables } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'wheelhouse' and c.relkind = 'r'`,
  );
  expect(tables.length).toBeGreaterThan(15);
  for (const { name } of tables) {
    const rows = await client.query<{ row: string }>(
      `select to_jsonb(t)::text as row from wheelhouse."${name}" t`,
    );
    seen.push([`table ${name}`, rows.rows.map(({ row }) => row).join("\n")]);
  }
  await client.end();
  for (const key of await it.redis.keys("*"))
    if ((await it.redis.type(key)) === "string") seen.push([`Redis ${key}`, `${await it.redis.get(key)}`]);
    else seen.push(["a key of Redis", key]);
}

test("a secret planted in a password, token, cookie, header or payload appears nowhere", async () => {
  const address = await it.app.listen({ host: "127.0.0.1", port: 0 });
  const [admin, viewer] = await Promise.all([signInAs(it, "admin"), signInAs(it, "viewer")]);
  const client: Socket<ServerToClientEvents, ClientToServerEvents> = io(address, {
    path: "/live",
    transports: ["websocket"],
    reconnection: false,
    extraHeaders: { cookie: `wheelhouse=${admin.cookie}` },
  });
  const frames = hearAll(client);
  for (const topic of ["overview", "queues", "webhooks", "audit"] as const)
    await new Promise((resolve) => client.emit("subscribe", topic, resolve));

  await tryPasswords(viewer);
  await makeSecrets(admin, viewer);
  await sendStrangeHeaders(viewer);
  await receiveEvent(admin);
  await expect.poll(() => frames.map(([event]) => event), { timeout: 5_000 }).toContain("audit:heads");
  await readEverything(admin);
  await dump();
  seen.push(["the log", logged.join("\n")]);
  for (const frame of frames) seen.push(["a live message", JSON.stringify(frame)]);
  client.disconnect();

  expect(canaries.size).toBeGreaterThan(18);
  const found = [...canaries].flatMap(([where, value]) => {
    const forms = [
      value,
      Buffer.from(value).toString("hex"),
      Buffer.from(value).toString("base64").slice(0, -4),
    ];
    const places = seen.filter(([, text]) => forms.some((form) => text.includes(form)));
    return places.map(([place]) => `${where} in ${place}`);
  });
  expect(found).toEqual([]);
});
