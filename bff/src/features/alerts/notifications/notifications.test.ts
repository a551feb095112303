import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { BellItem } from "@wheelhouse/shared/alerts/notifications.ts";
import { unpack } from "@wheelhouse/shared/live/message.ts";
import { io } from "socket.io-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { startMailServer } from "../testing/mail-server.fixture.ts";
import { type Announcement, announce, withdraw } from "./notifications.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;

let it: TestApp;
let mail: Awaited<ReturnType<typeof startMailServer>>;
let operator: Person;
let admin: Person;
let other: Person;

beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  mail = await startMailServer();
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: {
      WHEELHOUSE_SMTP_URL: mail.url,
      WHEELHOUSE_MAIL_FROM: "Wheelhouse <wheelhouse@example.com>",
      WHEELHOUSE_ALLOW_ADDRESSES: "127.0.0.0/8",
    },
  });
  [operator, admin, other] = await Promise.all([
    signInAs(it, "operator"),
    signInAs(it, "admin"),
    signInAs(it, "admin", "contoso"),
  ]);
  await it.startRoles();
});
afterAll(async () => {
  await it.close();
  await mail.close();
});

/** Announces as the evaluation does, in a transaction of the system role. */
async function tell(change: Partial<Announcement> = {}) {
  const incidentId = change.incidentId ?? randomUUID();
  await it.database.system.transaction().execute((tx) =>
    announce(tx, {
      organizationId: operator.organizationId,
      incidentId,
      event: "fired",
      severity: "critical",
      title: `Card gateway is down ${incidentId}`,
      summary: "3 checks failed",
      path: "services",
      labels: { service: "cards" },
      startedAt: new Date(),
      ...change,
    }),
  );
  return incidentId;
}

const bellOf = async (person: Person) => (await person.call("GET", "/notifications/bell")).json();

test("an announcement reaches the bell of those who may act, their open pages, and their e-mail, and nobody elsewhere", async () => {
  await it.app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = it.app.server.address() as AddressInfo;
  const socket = io(`http://127.0.0.1:${port}`, {
    path: "/live",
    transports: ["websocket"],
    auth: { organization: "northwind" },
    extraHeaders: { cookie: `wheelhouse=${operator.cookie}` },
  });
  const heard: BellItem[] = [];
  socket.on("notifications", async (payload: Uint8Array) => {
    heard.push((await unpack(payload)).body as BellItem);
  });
  expect(await socket.emitWithAck("subscribe", "notifications")).toEqual({ ok: true });

  const id = await tell();
  await expect
    .poll(() => heard.map(({ title }) => title), { timeout: 5_000 })
    .toEqual([`Card gateway is down ${id}`]);
  const bell = await bellOf(operator);
  expect(bell).toMatchObject({
    unread: 1,
    items: [{ event: "fired", severity: "critical", path: "services", readAt: null }],
  });
  expect((await bellOf(other)).items).toEqual([]);
  await expect.poll(() => mail.mails.flatMap(({ to }) => to).sort()).toContain(operator.person.email);
  expect(mail.mails.find(({ to }) => to.includes(operator.person.email))?.text).toMatch(
    /Subject: Critical: Card gateway is down[\s\S]*Open: http:\/\/127\.0\.0\.1:4600\/o\/northwind\/services/,
  );
  expect(mail.mails.flatMap(({ to }) => to)).not.toContain(other.person.email);

  const read = await operator.call("POST", "/notifications/bell/read", {
    payload: { upTo: bell.items[0].id },
  });
  expect(read.json()).toEqual({ unread: 0 });
  socket.disconnect();
});

test("what is withdrawn before it is routed is told to nobody", async () => {
  const before = (await bellOf(admin)).items.length;
  const incidentId = randomUUID();
  await it.database.system.transaction().execute(async (tx) => {
    await announce(tx, {
      organizationId: operator.organizationId,
      incidentId,
      event: "fired",
      severity: "critical",
      title: "Withdrawn",
      summary: "",
      path: "services",
      labels: {},
      startedAt: new Date(),
    });
    await withdraw(tx, operator.organizationId, incidentId);
  });
  const later = await tell();
  await expect.poll(async () => (await bellOf(admin)).items[0].title).toContain(later);
  const { items } = await bellOf(admin);
  expect(items.length).toBe(before + 1);
});

test("an invitation goes by e-mail, its text is sealed until then and gone afterwards", async () => {
  const to = `new-${randomUUID().slice(0, 8)}@example.com`;
  const made = await admin.call("POST", "/invitations", { payload: { email: to, role: "viewer" } });
  expect(made.json()).toMatchObject({ isMailed: true });
  await expect.poll(() => mail.mails.find((each) => each.to.includes(to))?.text).toContain(made.json().path);
  const rows = () =>
    it.database.system
      .selectFrom("notifications")
      .select(["state", "content_box", "title"])
      .where("address", "=", to)
      .execute();
  await expect
    .poll(async () => (await rows()).map(({ state, content_box }) => [state, content_box]))
    .toEqual([["sent", null]]);
});
