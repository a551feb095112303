import {
  type ClientToServerEvents,
  type ServerToClientEvents,
  type SubscribeReply,
  type Topic,
  topicNames,
} from "@wheelhouse/shared/live.ts";
import { io, type Socket } from "socket.io-client";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { type Callers, everybody, type Letter, makeCallers, places } from "#testing/access-callers.ts";
import { expectations, reach } from "#testing/access-expectations.ts";
import { hearAll } from "#testing/live-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

/* The socket's topics under the same expectations as the API, and connections that lose their rights. */
type Client = Socket<ServerToClientEvents, ClientToServerEvents>;
type Place = keyof typeof places;

let it: TestApp;
let callers: Callers;
let address = "";
const clients: Client[] = [];
const topics = topicNames;
const everywhere: Place[] = ["own", "parent", "child", "foreign"];

beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url });
  callers = await makeCallers(it, urls.adminUrl);
  address = await it.app.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});
afterAll(() => it.close());

async function connect(token: string, organization?: string) {
  const client: Client = io(address, {
    path: "/live",
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
    extraHeaders: { cookie: `wheelhouse=${token}` },
    auth: organization === undefined ? {} : { organization },
  });
  clients.push(client);
  const heard = hearAll(client);
  const refused = await new Promise<string | null>((resolve) => {
    client.once("connect", () => resolve(null));
    client.once("connect_error", ({ message }) => resolve(message));
  });
  return { client, frames: () => heard.map((frame) => JSON.stringify(frame)), refused };
}
const subscribe = (client: Client, topic: Topic) =>
  new Promise<SubscribeReply>((resolve) => client.emit("subscribe", topic, resolve));

const call = (
  token: string,
  method: "PUT" | "POST" | "PATCH" | "DELETE",
  path: string,
  place: Place,
  payload: object = {},
) =>
  it.app.inject({
    method,
    url: `/api/v1${path}`,
    payload,
    headers: { cookie: `wheelhouse=${token}`, "x-wheelhouse-organization": places[place] },
  });

/** Creates one event in the organization's trail, as the superadmin. */
async function act(place: Place, token: string) {
  const email = `guest-${Math.random().toString(36).slice(2)}@sweep.example`;
  const answer = await call(token, "POST", "/invitations", place, { email, role: "viewer" });
  expect(answer.statusCode, answer.body).toBe(201);
}

test("every topic has an entry in the expectations, and every entry a topic", () => {
  const written = Object.keys(expectations).flatMap((key) => (key.startsWith("live ") ? [key.slice(5)] : []));
  expect(written.sort()).toEqual([...topics].sort());
});

test.each(everybody)(
  "%s receives every topic where the table says so and nowhere else",
  async (who: Letter) => {
    const token = await callers.session(who);
    const wrong: string[] = [];
    for (const place of everywhere) {
      const { client, refused } = await connect(token, places[place]);
      for (const topic of topics) {
        const expected =
          (place === "own" || reach[place].split(" ").includes(who)) &&
          (expectations[`live ${topic}`] ?? "").split(" ").includes(who);
        const open = refused === null && (await subscribe(client, topic)).ok;
        if (open !== expected) wrong.push(`${topic} in ${place}: ${open ? "open" : "refused"}`);
      }
    }
    expect(wrong).toEqual([]);
  },
);

test("invalid credentials connect nowhere, nor does an API token", async () => {
  const hourAgo = new Date(Date.now() - 3_600_000);
  const tokens = [
    await callers.session("S", { expires_at: hourAgo }),
    await callers.session("S", { revoked_at: hourAgo }),
    await callers.session("S", { last_seen_at: new Date(Date.now() - 13 * 3_600_000) }),
    "A".repeat(43),
    "",
    await callers.apiToken({ revoked_at: hourAgo }),
  ];
  for (const token of tokens) expect((await connect(token, places.own)).refused).toBe("unauthenticated");
});

test("after a switch in mid-stream no frame of the previous organization arrives, and before it none of the next", async () => {
  const acting = await callers.session("S");
  const token = await callers.session("A");
  const { client, frames } = await connect(token);
  for (const topic of topics) expect((await subscribe(client, topic)).ok).toBe(true);
  await act("own", acting);
  await expect.poll(() => frames().join(), { timeout: 5_000 }).toContain("access.invitation.create");
  await act("child", acting);
  const child = await it.database.system
    .selectFrom("organizations")
    .selectAll()
    .where("slug", "=", places.child)
    .executeTakeFirstOrThrow();
  const switched = await it.app.inject({
    method: "PUT",
    url: "/api/v1/session/organization",
    headers: { cookie: `wheelhouse=${token}`, "sec-fetch-site": "same-origin" },
    payload: { organizationId: child.id },
  });
  expect(switched.statusCode, switched.body).toBe(200);
  await expect.poll(() => client.connected, { timeout: 1_000 }).toBe(false);
  expect(frames().join()).not.toContain(child.id);
  const own = frames().length;
  const next = await connect(switched.cookies[0]?.value ?? "");
  for (const topic of topics) expect((await subscribe(next.client, topic)).ok).toBe(true);
  await act("own", acting);
  await act("child", acting);
  await expect.poll(() => next.frames().join(), { timeout: 5_000 }).toContain("access.invitation.create");
  expect(next.frames().join()).not.toContain('"organizationName":"sweep-own"');
  expect(frames()).toHaveLength(own);
});

test("a changed role, a removal and a closed account close the person's connections at once, and remaining rights still connect", async () => {
  const acting = await callers.session("S");
  const userId = callers.idOf("O");
  const token = await callers.session("O");
  const first = await connect(token, places.own);
  const role = { role: "viewer", currentRole: "operator" };
  expect((await call(acting, "PATCH", `/members/${userId}`, "own", role)).statusCode).toBe(200);
  await expect.poll(() => first.client.connected, { timeout: 1_000 }).toBe(false);
  const second = await connect(token, places.own);
  expect(second.refused).toBeNull();
  expect((await call(acting, "DELETE", `/members/${userId}`, "own")).statusCode).toBe(204);
  await expect.poll(() => second.client.connected, { timeout: 1_000 }).toBe(false);
  expect((await connect(token, places.own)).refused).toBe("forbidden");
  const viewer = await connect(await callers.session("V"), places.own);
  expect((await call(acting, "POST", `/members/${callers.idOf("V")}/deactivate`, "own")).statusCode).toBe(
    200,
  );
  await expect.poll(() => viewer.client.connected, { timeout: 1_000 }).toBe(false);
});
