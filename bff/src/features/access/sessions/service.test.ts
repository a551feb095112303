import type { ClientToServerEvents, ServerToClientEvents } from "@wheelhouse/shared/live.ts";
import { io, type Socket } from "socket.io-client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

type Client = Socket<ServerToClientEvents, ClientToServerEvents>;
const listed = z.object({
  total: z.number(),
  items: z.array(z.object({ id: z.string(), current: z.boolean() }).loose()),
});

let it: TestApp;
let address: string;
let skewMs = 0;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    clock: { now: () => Date.now() + skewMs },
    environment: { WHEELHOUSE_SESSION_IDLE_MINUTES: "30", WHEELHOUSE_SESSION_ABSOLUTE_HOURS: "2" },
  });
  address = await it.app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(() => it.close());

type Person = Awaited<ReturnType<typeof signInAs>>;
const sessionsOf = async (person: Person, path = "/sessions") => {
  const answer = await person.call("GET", path);
  expect(answer.statusCode).toBe(200);
  return listed.parse(answer.json());
};
const statusOf = async (person: Person) => (await person.call("GET", "/session")).statusCode;
/** The words of a refusal for want of a session. */
const whyRefused = async (person: Person): Promise<string> => {
  const answer = await person.call("GET", "/session");
  expect(answer.statusCode).toBe(401);
  return z.object({ error: z.object({ message: z.string() }) }).parse(answer.json()).error.message;
};

/** A live connection with one topic; `cut` resolves when it is closed. */
async function watch(person: Person) {
  const client: Client = io(address, {
    path: "/live",
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    extraHeaders: { cookie: `wheelhouse=${person.cookie}` },
  });
  const reply = await new Promise((resolve) => client.emit("subscribe", "queues", resolve));
  expect(reply).toEqual({ ok: true });
  const cut = new Promise<string>((resolve) => client.on("disconnect", resolve));
  return { client, cut };
}

describe("a session", () => {
  const minuteMs = 60_000;
  const lastSeenMs = async (person: Person) => {
    const row = await it.database.system
      .selectFrom("sessions")
      .select("last_seen_at")
      .where("user_id", "=", person.userId)
      .orderBy("created_at", "desc")
      .executeTakeFirstOrThrow();
    return row.last_seen_at.getTime();
  };
  afterEach(() => {
    skewMs = 0;
  });

  test("ends after the configured idle time", async () => {
    const person = await signInAs(it, "superadmin", "platform");
    skewMs = 29 * minuteMs;
    expect(await statusOf(person)).toBe(200);
    await expect.poll(() => lastSeenMs(person)).toBeGreaterThan(Date.now() + 28 * minuteMs);
    skewMs = 58 * minuteMs;
    expect(await statusOf(person)).toBe(200);
    await expect.poll(() => lastSeenMs(person)).toBeGreaterThan(Date.now() + 57 * minuteMs);
    skewMs = 89 * minuteMs;
    expect(await whyRefused(person)).toContain("was unused for too long");
  });

  test("ends after its absolute lifetime even if it is in constant use", async () => {
    const person = await signInAs(it, "superadmin", "platform");
    for (let minutes = 25; minutes < 120; minutes += 25) {
      skewMs = minutes * minuteMs;
      expect(await statusOf(person)).toBe(200);
      await expect.poll(() => lastSeenMs(person)).toBeGreaterThan(Date.now() + (minutes - 1) * minuteMs);
    }
    skewMs = 121 * minuteMs;
    expect(await whyRefused(person)).toContain("has reached its longest time");
    // Also if it started while the limit was longer.
    const expires_at = new Date(Date.now() + 240 * minuteMs);
    await it.database.system.updateTable("sessions").set({ expires_at }).execute();
    expect(await statusOf(person)).toBe(401);
  });
});

describe("my sessions", () => {
  test("are listed with the current one marked, and without anything that opens them", async () => {
    const first = await signInAs(it, "auditor");
    const second = await signInAs(it, "auditor");
    const { items, total } = await sessionsOf(second);
    expect(total).toBe(items.length);
    expect(items.filter(({ current }) => current)).toHaveLength(1);
    expect(items[0]).toMatchObject({ signedInBy: "password", address: "127.0.0.1" });
    const text = JSON.stringify(items);
    for (const { cookie } of [first, second]) expect(text).not.toContain(cookie);
    expect(text).not.toMatch(/token|hash/i);
  });

  test("end one by one or all others at once; the current one stays", async () => {
    const here = await signInAs(it, "operator");
    const there = await signInAs(it, "operator");
    const other = (await sessionsOf(there)).items.find(({ current }) => current);
    const current = (await sessionsOf(here)).items.find((one) => one.current);
    expect((await here.call("DELETE", `/sessions/${current?.id}`)).statusCode).toBe(400);
    expect((await here.call("DELETE", `/sessions/${other?.id}`)).statusCode).toBe(204);
    expect((await here.call("DELETE", `/sessions/${other?.id}`)).statusCode).toBe(404);
    expect([await statusOf(here), await statusOf(there)]).toEqual([200, 401]);
    const third = await signInAs(it, "operator");
    const answer = await here.call("DELETE", "/sessions");
    expect(answer.json().ended).toBeGreaterThanOrEqual(1);
    expect([await statusOf(here), await statusOf(third)]).toEqual([200, 401]);
  });

  test("cannot be reached by other people", async () => {
    const owner = await signInAs(it, "viewer");
    const stranger = await signInAs(it, "operator");
    const [session] = (await sessionsOf(owner)).items;
    expect((await stranger.call("DELETE", `/sessions/${session?.id}`)).statusCode).toBe(404);
    expect(await statusOf(owner)).toBe(200);
  });
});

test("an administrator sees the sessions of the organization's members page by page, and of nobody else", async () => {
  const admin = await signInAs(it, "admin");
  await signInAs(it, "viewer");
  await signInAs(it, "viewer", "contoso");
  const found: { id: string; user: { email: string } }[] = [];
  let cursor = "";
  let pages = 0;
  for (;;) {
    const path = `/organization/sessions?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`;
    const answer = (await admin.call("GET", path)).json();
    expect(answer.idleMinutes).toBe(30);
    found.push(...answer.items);
    pages += 1;
    if (answer.nextCursor === null) {
      expect(new Set(found.map(({ id }) => id)).size).toBe(answer.total);
      break;
    }
    cursor = answer.nextCursor;
  }
  expect(pages).toBeGreaterThan(1);
  expect(found.map(({ user }) => user.email.split("@")[1])).toEqual(found.map(() => "northwind.example"));
  expect(JSON.stringify(found)).not.toMatch(/token|hash/i);
  const auditor = await signInAs(it, "auditor");
  expect((await auditor.call("GET", "/organization/sessions")).statusCode).toBe(403);
});

describe("a member's sessions", () => {
  test("can be ended by an administrator of the organization: the next request fails, the socket closes within a second", async () => {
    const admin = await signInAs(it, "admin");
    const member = await signInAs(it, "viewer");
    const bystander = await signInAs(it, "operator");
    const [watching, other] = await Promise.all([watch(member), watch(bystander)]);
    const path = `/members/${member.userId}/sessions`;
    const mine = (await sessionsOf(member)).items.find(({ current }) => current);
    expect((await sessionsOf(admin, path)).items.map(({ id }) => id)).toContain(mine?.id);
    const startedMs = performance.now();
    expect((await admin.call("DELETE", `${path}/${mine?.id}`)).statusCode).toBe(204);
    expect(await whyRefused(member)).toContain("you or an admin ended it");
    expect(await watching.cut).toBe("io server disconnect");
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(other.client.connected).toBe(true);
    other.client.disconnect();
    const again = await signInAs(it, "viewer");
    expect((await admin.call("DELETE", path)).json().ended).toBeGreaterThanOrEqual(1);
    expect(await statusOf(again)).toBe(401);
    const events = await admin.call("GET", "/audit/events?action=access.session.revoke");
    expect(events.json().items[0]).toMatchObject({
      actor: { display: "Priya Raman" },
      targets: [{ type: "user", id: member.userId }],
    });
  });

  test("cannot be reached by an administrator elsewhere, nor with another role", async () => {
    const member = await signInAs(it, "viewer");
    const foreign = await signInAs(it, "admin", "contoso");
    const auditor = await signInAs(it, "auditor");
    const path = `/members/${member.userId}/sessions`;
    expect((await foreign.call("GET", path)).statusCode).toBe(404);
    expect((await foreign.call("DELETE", path)).statusCode).toBe(404);
    const asked = { headers: { "x-wheelhouse-organization": "northwind" } };
    expect((await foreign.call("DELETE", path, asked)).statusCode).toBe(403);
    expect((await auditor.call("DELETE", path)).statusCode).toBe(403);
    expect(await statusOf(member)).toBe(200);
  });
});
