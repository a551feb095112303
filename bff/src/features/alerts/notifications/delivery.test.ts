import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { createDigests } from "./digests.ts";
import { createLinks } from "./links.ts";
import { type Announcement, announce, withdraw } from "./notifications.ts";
import { createRouter } from "./router.ts";
import { createNotificationStore } from "./store.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;
type Urls = Awaited<ReturnType<typeof createTestDatabase>>;

let urls: Urls;
let it: TestApp;
let operator: Person;
let admin: Person;
let offsetMs = 0;
const clock = { now: () => Date.now() + offsetMs };
const minutes = (count: number) => {
  offsetMs += count * 60_000;
};
const posts: { path: string; body: string }[] = [];
const statuses = new Map<string, number>();
const receiver = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    const path = request.url ?? "";
    posts.push({ path, body });
    response.writeHead(statuses.get(path) ?? 200).end("ok");
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const redis = await createTestRedis();
  urls = await createTestDatabase();
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    clock,
    environment: { WHEELHOUSE_ALLOW_ADDRESSES: "127.0.0.0/8" },
  });
  [operator, admin] = await Promise.all([signInAs(it, "operator"), signInAs(it, "admin")]);
  await it.startRoles();
});
afterAll(async () => {
  await it.close();
  receiver.close();
});

async function tell(change: Partial<Announcement> = {}) {
  const incidentId = change.incidentId ?? randomUUID();
  await it.database.system.transaction().execute((tx) =>
    announce(tx, {
      organizationId: operator.organizationId,
      incidentId,
      event: "fired",
      severity: "critical",
      title: "Card gateway is down",
      summary: "3 checks failed",
      path: "services",
      labels: { team: "none" },
      startedAt: new Date(),
      ...change,
    }),
  );
  return incidentId;
}
const stop = (incidentId: string) =>
  it.database.system.transaction().execute((tx) => withdraw(tx, operator.organizationId, incidentId));
const sentOf = async (incidentId: string) => {
  const answer = await admin.call("GET", `/notifications?incidentId=${incidentId}&limit=100`);
  const items: { recipient: string; channel: string; state: string; step: number | null; event: string }[] =
    answer.json().items;
  return items.toReversed();
};
const channel = async (name: string) => {
  const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/${name}`;
  const made = await admin.call("POST", "/alerts/channels", { payload: { kind: "slack", name, address } });
  expect(made.statusCode).toBe(201);
  return made.json().id as string;
};
const person = (userId: string) => ({ kind: "person", userId });
const team = (name: string, steps: { afterMinutes: number; targets: object[] }[], repeats = 0) =>
  admin.call("POST", "/alerts/teams", {
    payload: {
      name,
      matchers: [{ label: "team", value: name }],
      timeZone: "Europe/Berlin",
      handoverDay: 1,
      handoverTime: "09:00",
      rotaFrom: "2026-01-05",
      layers: [],
      steps,
      repeats,
    },
  });

test("steps follow one another until somebody takes the incident, and nobody is called after that", async () => {
  const steps = [
    { afterMinutes: 0, targets: [person(operator.userId)] },
    { afterMinutes: 15, targets: [person(admin.userId)] },
    { afterMinutes: 30, targets: [person(operator.userId)] },
  ];
  expect((await team("payments", steps, 3)).statusCode).toBe(201);
  const id = await tell({ labels: { team: "payments" } });
  await expect
    .poll(async () => (await sentOf(id)).map(({ step, state }) => [step, state]))
    .toEqual([[1, "sent"]]);
  minutes(16);
  await expect
    .poll(async () => (await sentOf(id)).map(({ step, recipient }) => [step, recipient]))
    .toEqual([
      [1, operator.person.email.length > 0 ? expect.any(String) : ""],
      [2, expect.any(String)],
    ]);
  await stop(id);
  minutes(60);
  const marker = await tell();
  await expect.poll(async () => (await sentOf(marker)).length).toBeGreaterThan(0);
  expect(await sentOf(id)).toHaveLength(2);
  await tell({ incidentId: id, event: "resolved", labels: { team: "payments" } });
  await expect
    .poll(async () => (await sentOf(id)).filter(({ event }) => event === "resolved").length)
    .toBe(2);
});

test("100 events at once for one recipient with a limit of 3 send exactly 3, counted by four processes, and the rest is one digest", async () => {
  await admin.call("PUT", "/alerts/settings", {
    payload: { version: 0, throttleLimit: 3, throttleMinutes: 10, digestMinutes: 15, allowsLinks: false },
  });
  const key = randomUUID();
  const now = new Date(clock.now());
  // In an hour, so that the application's own sweeper leaves them alone.
  const later = new Date(now.getTime() + 3_600_000);
  const rows = Array.from({ length: 100 }, (_, at) => ({
    org_id: operator.organizationId,
    event: "fired" as const,
    severity: "warning" as const,
    title: `Event ${at}`,
    summary: "",
    path: "alerts",
    channel: "json" as const,
    channel_id: key,
    recipient: "pager",
    throttle_key: key,
    state: "pending" as const,
    due_at: later,
  }));
  const ids = await it.database.system.insertInto("notifications").values(rows).returning("id").execute();
  const databases = Array.from({ length: 4 }, () =>
    createDatabase({
      appUrl: urls.appUrl,
      systemUrl: urls.systemUrl,
      poolSize: 5,
      log: pino({ level: "silent" }),
    }),
  );
  const stores = databases.map(createNotificationStore);
  const claims = await Promise.all(
    // Two of them want each one.
    ids.flatMap(({ id }, at) => [0, 1].map((turn) => stores[(at + turn) % 4]?.claim(id, later) ?? null)),
  );
  expect(claims.filter((claim) => claim !== null)).toHaveLength(3);
  const held = await it.database.system
    .selectFrom("notifications")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("throttle_key", "=", key)
    .where("state", "=", "held")
    .executeTakeFirstOrThrow();
  expect(held.count).toBe(97);
  const digests = createDigests({
    database: it.database,
    clock: { now: () => later.getTime() + 11 * 60_000 },
  });
  await Promise.all([digests.run(), digests.run()]);
  const digest = await it.database.system
    .selectFrom("notifications")
    .select(["title", "summary", "recipient"])
    .where("event", "=", "digest")
    .where("channel_id", "=", key)
    .execute();
  expect(digest).toMatchObject([{ title: "97 more notifications", recipient: "pager" }]);
  expect(digest[0]?.summary).toMatch(/• Event \d+[\s\S]*and 77 more/);
  await Promise.all(databases.map(({ close }) => close()));
});

test("a channel that fails is shown, told over others, and its call takes another way", async () => {
  const first = await channel("first");
  await channel("second");
  statuses.set("/first", 404);
  await team("shop", [{ afterMinutes: 0, targets: [{ kind: "channel", channelId: first }] }]);
  const id = await tell({ labels: { team: "shop" } });
  await expect
    .poll(async () => (await sentOf(id)).map(({ recipient, state }) => `${recipient} ${state}`), {
      timeout: 5_000,
    })
    .toEqual(["first failed", "second sent"]);
  const { items } = (await admin.call("GET", "/alerts/channels")).json();
  expect(items.find((each: { id: string }) => each.id === first)).toMatchObject({
    failingSince: expect.any(String),
    lastError: expect.stringMatching(/404/),
  });
  expect(JSON.stringify(items)).not.toContain("/first");
  await expect
    .poll(async () => (await operator.call("GET", "/notifications/bell")).json().items[0]?.title, {
      timeout: 5_000,
    })
    .toBe("first (slack) fails");
  const { gaps } = (await admin.call("GET", "/alerts/on-call")).json();
  expect(gaps.map(({ title }: { title: string }) => title)).toContain("first: messages are not accepted");
});

test("two routers at once announce once, and one that is killed within its transaction leaves everything to the next", async () => {
  const own = createDatabase({
    appUrl: urls.appUrl,
    systemUrl: urls.systemUrl,
    poolSize: 2,
    log: pino({ level: "silent" }),
  });
  const routers = [it.database, own].map((database) => createRouter({ database, sendsMail: false, clock }));
  const ids = await Promise.all(Array.from({ length: 10 }, () => tell()));
  await Promise.all(routers.map((router) => router.run()));
  for (const id of ids)
    await expect
      .poll(async () => {
        const seen = (await sentOf(id)).map(({ recipient, channel: over }) => `${recipient} ${over}`);
        return [seen.length > 0, seen.length === new Set(seen).size];
      })
      .toEqual([true, true]);
  await own.close();
});

test("the readiness check names people without a channel and steps that end nowhere", async () => {
  await team("night", [
    { afterMinutes: 0, targets: [person(operator.userId)] },
    { afterMinutes: 10, targets: [{ kind: "role", role: "superadmin" }] },
  ]);
  const { gaps } = (await admin.call("GET", "/alerts/on-call")).json();
  const found = gaps.map(({ kind, where, title }: Record<string, string>) => `${kind} | ${where} | ${title}`);
  expect(found).toContainEqual(
    // Named once, with the first of the places where it matters.
    expect.stringMatching(
      /^not_reachable \| payments, step 1, and 2 more \| .+: no channel beside the bell$/,
    ),
  );
  expect(found).toContainEqual(
    expect.stringMatching(/^nobody \| night, step 2 \| night, step 2: leads to nobody$/),
  );
});

test("a lost edit is refused, and a foreign team does not exist", async () => {
  const made = (await team("edited", [{ afterMinutes: 0, targets: [person(operator.userId)] }])).json();
  const { id, position: _, version, ...definition } = made;
  const put = (as: Person, given: number) =>
    as.call("PUT", `/alerts/teams/${id}`, { payload: Object.assign({}, definition, { version: given }) });
  expect((await put(admin, version)).statusCode).toBe(200);
  expect((await put(admin, version)).statusCode).toBe(409);
  expect((await put(await signInAs(it, "admin", "contoso"), version + 1)).statusCode).toBe(404);
});

test("a link acknowledges once, only where the organization allows it, and opening it changes nothing", async () => {
  const links = createLinks({ secretKey: Buffer.alloc(32, 7).toString("base64"), publicUrl: "" });
  const id = await tell();
  await expect.poll(async () => (await sentOf(id)).some(({ channel: over }) => over === "bell")).toBe(true);
  const row = await it.database.system
    .selectFrom("notifications")
    .select("id")
    .where("incident_id", "=", id)
    .limit(1)
    .executeTakeFirstOrThrow();
  const url = links.of(row.id);
  const open = async (method: "GET" | "POST", at = url) => {
    const { statusCode, body } = await it.app.inject({ method, url: at });
    return { statusCode, hasButton: body.includes("<button>"), body };
  };
  const settings = (await admin.call("GET", "/alerts/settings")).json();
  const allow = (allowsLinks: boolean, version: number) =>
    admin.call("PUT", "/alerts/settings", {
      payload: { version, throttleLimit: 1_000, throttleMinutes: 10, digestMinutes: 15, allowsLinks },
    });
  expect((await allow(false, settings.version)).statusCode).toBe(200);
  expect(await open("GET")).toMatchObject({ statusCode: 200, hasButton: false });
  expect((await open("POST")).statusCode).toBe(409);
  expect((await allow(true, settings.version + 1)).statusCode).toBe(200);
  for (let times = 0; times < 2; times++)
    expect(await open("GET")).toMatchObject({ statusCode: 200, hasButton: true });
  const taken = await Promise.all([open("POST"), open("POST")]);
  expect(taken.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
  expect((await open("POST")).body).toContain("This link was used before.");
  expect((await open("GET", `${url.slice(0, -2)}AA`)).statusCode).toBe(404);
});
