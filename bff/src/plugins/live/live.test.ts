import { defineTopic } from "@wheelhouse/shared/live/topic.ts";
import {
  type ClientToServerEvents,
  type ServerToClientEvents,
  type Topic,
  topics,
} from "@wheelhouse/shared/live.ts";
import type { Delivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { pino } from "pino";
import { io, type Socket } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { createServer } from "#lib/http/server.ts";
import type { Ended } from "#lib/security/session-ends.ts";
import { createSnapshotStore } from "#observe/spread/spread.ts";
import { makeAspects } from "#testing/aspects.ts";
import { hearAll } from "#testing/live-client.ts";
import { makeCounts, makeQueue, makeTick } from "#testing/tick.ts";
import { createLiveList } from "./heads.ts";
import { registerLive } from "./live.ts";

type Client = Socket<ServerToClientEvents, ClientToServerEvents>;
const log = pino({ level: "silent" });
const acme = { id: "0198a000-0000-7000-8000-00000000000a", slug: "acme", name: "Acme" };
const rival = { id: "0198a000-0000-7000-8000-00000000000b", slug: "rival", name: "Rival" };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const contextOf = (
  organization: typeof acme,
  may = true,
  id: string | null = `u-${organization.slug}`,
): RequestContext => ({
  actor: {
    type: "user",
    id,
    display: "U",
    authMethod: "password",
    sessionId: `s-${organization.slug}`,
    can: () => ({ in: () => ({ check: () => may }) }),
  },
  organization,
  subtreeIds: [organization.id],
  requestId: "r",
  address: null,
  userAgent: null,
  idempotencyKey: null,
});

/** Cookies `acme` and `rival` are members; `guest` is a member of Acme without any rights. */
const noteTopic = defineTopic({
  name: "notes",
  kind: "personal",
  capability: "overview:read",
  message: z.object({ text: z.string() }),
});

async function serve({ intervalMs = 1_000 } = {}) {
  let nowMs = Date.parse("2026-01-05T12:00:00Z");
  const clock = { now: () => nowMs };
  const app = await createServer({ log, trustProxy: false });
  const snapshots = createSnapshotStore({ aspects: makeAspects().aspects, clock, intervalMs });
  const readRows = vi.fn(async (_organizationId: string, _ids: readonly string[]): Promise<Delivery[]> => []);
  const deliveries = createLiveList(readRows);
  let end: (ended: Ended) => void = () => {};
  const refused = new Set<string>();
  const live = registerLive(app, {
    topics: { ...topics, notes: noteTopic },
    snapshots,
    intervalMs,
    basePath: "",
    clock,
    log,
    authenticate: async ({ cookieHeader = "" }) => {
      if (refused.has(cookieHeader)) return new AppError("unauthenticated", "Sign in.");
      if (cookieHeader === "acme") return contextOf(acme);
      if (cookieHeader === "colleague") return contextOf(acme, true, "u-colleague");
      if (cookieHeader === "nameless") return contextOf(acme, true, null);
      if (cookieHeader === "rival") return contextOf(rival);
      if (cookieHeader === "guest") return contextOf(acme, false);
      return new AppError("unauthenticated", "Sign in.");
    },
    sessionEnds: {
      onEnded(listener) {
        end = listener;
        return () => {};
      },
    },
    lists: {
      webhooks: deliveries,
      events: createLiveList(async () => []),
      replays: createLiveList(async () => []),
      alerts: createLiveList(async () => []),
      jobRuns: createLiveList(async () => []),
      audit: createLiveList(async () => []),
    },
  });
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  ends.push(() => app.close());
  const connect = (cookie: string) => {
    const client: Client = io(address, {
      path: "/live",
      transports: ["websocket"],
      extraHeaders: { cookie },
      forceNew: true,
      reconnection: false,
      auth: { organization: cookie },
    });
    const frames = hearAll(client);
    ends.push(() => client.disconnect());
    return { client, frames };
  };
  const subscribe = (client: Client, topic: Topic | "notes") =>
    new Promise<unknown>((resolve) => client.emit("subscribe", topic, resolve));
  return {
    snapshots,
    connect,
    subscribe,
    deliveries,
    live,
    readRows,
    refused,
    address,
    end: (ended: Ended) => end(ended),
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}
const eventsOf = (frames: readonly [string, unknown][]) => frames.map(([event]) => event);

describe("access to topics", () => {
  test("no frame of one organization ever reaches the other", async () => {
    const { snapshots, connect, subscribe, deliveries } = await serve();
    const tick = () =>
      snapshots.ingest(
        makeTick({
          queues: [
            makeQueue("acme-orders", { counts: makeCounts({ waiting: snapshots.seq() }) }),
            makeQueue("rival-orders", { organization: "rival" }),
          ],
        }),
      );
    tick();
    const ours = connect("acme");
    const theirs = connect("rival");
    for (const topic of ["overview", "queues", "webhooks", "audit"] as const) {
      expect(await subscribe(ours.client, topic)).toEqual({ ok: true });
      expect(await subscribe(theirs.client, topic)).toEqual({ ok: true });
    }
    await vi.waitFor(() => expect(eventsOf(theirs.frames)).toContain("queues:snapshot"));
    await vi.waitFor(() => expect(eventsOf(ours.frames)).toContain("queues:snapshot"));
    for (let n = 0; n < 5; n += 1) tick();
    deliveries.changed(acme.id, ["0198a000-0000-7000-8000-000000000001"], 1);
    await vi.waitFor(() => expect(eventsOf(ours.frames)).toContain("webhooks:heads"), { timeout: 3_000 });
    expect(JSON.stringify(theirs.frames)).not.toContain("acme");
    expect(JSON.stringify(ours.frames)).not.toContain("rival");
    expect(eventsOf(theirs.frames)).not.toContain("webhooks:heads");
  });

  test("connecting requires a session, and every subscribe is authorised on the server", async () => {
    const { connect, subscribe, snapshots, refused } = await serve();
    const stranger = connect("nobody");
    const error = await new Promise<Error>((resolve) => stranger.client.on("connect_error", resolve));
    expect(error.message).toBe("unauthenticated");
    const guest = connect("guest");
    expect(await subscribe(guest.client, "queues")).toMatchObject({ ok: false, code: "forbidden" });
    snapshots.ingest(makeTick());
    const member = connect("acme");
    expect(await subscribe(member.client, "overview")).toEqual({ ok: true });
    await vi.waitFor(() => expect(eventsOf(member.frames)).toEqual(["overview:snapshot"]));
    expect(guest.frames).toEqual([]);
    // The right was revoked meanwhile: the next subscribe notices.
    refused.add("acme");
    const cut = new Promise((resolve) => member.client.on("disconnect", resolve));
    member.client.emit("subscribe", "queues", () => {});
    expect(await cut).toBe("io server disconnect");
  });

  test("an unknown topic is refused with its reason", async () => {
    const { address } = await serve();
    const raw = io(address, {
      path: "/live",
      transports: ["websocket"],
      extraHeaders: { cookie: "acme" },
      forceNew: true,
    });
    ends.push(() => raw.disconnect());
    const reply = await new Promise((resolve) => raw.emit("subscribe", "queues:rival", resolve));
    expect(reply).toMatchObject({ ok: false, code: "validation_failed" });
  });

  test.each<Ended>([{ sessionId: "s-acme" }, { userId: "u-acme" }])(
    "an ended session or person (%o) is disconnected at once, others stay",
    async (ended) => {
      const { connect, subscribe, end } = await serve();
      const ours = connect("acme");
      const theirs = connect("rival");
      await Promise.all([subscribe(ours.client, "queues"), subscribe(theirs.client, "queues")]);
      const cut = new Promise((resolve) => ours.client.on("disconnect", resolve));
      end(ended);
      expect(await cut).toBe("io server disconnect");
      expect(theirs.client.connected).toBe(true);
    },
  );
});

describe("a message to one person", () => {
  const me = { organizationId: acme.id, userId: "u-acme" };

  test("reaches all sockets of that person in that organization, and nobody else's", async () => {
    const { connect, subscribe, live } = await serve();
    const [first, second, colleague, stranger] = ["acme", "acme", "colleague", "rival"].map(connect);
    for (const each of [first, second, colleague, stranger])
      if (each) expect(await subscribe(each.client, "notes")).toEqual({ ok: true });
    live.tell("notes", me, { text: "for me" });
    live.tell("notes", { ...me, userId: "u-colleague" }, { text: "for a colleague" });
    live.tell("notes", { ...me, organizationId: rival.id }, { text: "for nobody" });
    live.tell("notes", { organizationId: rival.id, userId: "u-rival" }, { text: "for a stranger" });
    for (const each of [first, second, colleague, stranger])
      await vi.waitFor(() => expect(each?.frames).toHaveLength(1));
    const told = [first, second, colleague, stranger].map((each) => each?.frames[0]?.[1]);
    expect(told).toMatchObject(
      ["for me", "for me", "for a colleague", "for a stranger"].map((text) => ({ data: { text } })),
    );
  });

  test("needs the right, and a person", async () => {
    const { connect, subscribe } = await serve();
    for (const cookie of ["guest", "nameless"])
      expect(await subscribe(connect(cookie).client, "notes")).toMatchObject({
        ok: false,
        code: "forbidden",
      });
  });

  test("ends when the topic is unsubscribed", async () => {
    const { connect, subscribe, live } = await serve();
    const { client, frames } = connect("acme");
    await subscribe(client, "notes");
    client.emit("unsubscribe", "notes");
    await subscribe(client, "queues");
    live.tell("notes", me, { text: "too late" });
    await vi.waitFor(() => expect(eventsOf(frames)).toContain("queues:snapshot"));
    expect(eventsOf(frames)).toEqual(["queues:snapshot"]);
  });
});

describe("messages", () => {
  test("start with a snapshot, followed by changes whose numbers increase by one", async () => {
    const { snapshots, connect, subscribe } = await serve();
    const still = makeQueue("still");
    snapshots.ingest(makeTick({ queues: [still, makeQueue("moving"), makeQueue("leaving")] }));
    const { client, frames } = connect("acme");
    await subscribe(client, "queues");
    await vi.waitFor(() => expect(frames).toHaveLength(1));
    snapshots.ingest(
      makeTick({ queues: [still, makeQueue("moving", { counts: makeCounts({ waiting: 7 }) })] }),
    );
    snapshots.ingest(
      makeTick({ queues: [still, makeQueue("moving", { counts: makeCounts({ waiting: 7 }) })] }),
    );
    await vi.waitFor(() => expect(frames).toHaveLength(3));
    expect(frames.map(([event]) => event)).toEqual(["queues:snapshot", "queues:changes", "queues:changes"]);
    const [snapshot, first, second] = frames.map(([, message]) => message);
    expect(snapshot).toMatchObject({ seq: 1, data: { items: [{}, {}, {}] } });
    expect(first).toMatchObject({
      seq: 2,
      removed: ["leaving"],
      changed: [{ id: "moving", counts: { waiting: 7 } }],
    });
    expect(JSON.stringify(first)).not.toContain("organization");
    expect(second).toMatchObject({ seq: 3, changed: [], removed: [] });
  });

  test("a later subscriber, also after a time without any, gets the same as the earlier ones", async () => {
    const { snapshots, connect, subscribe } = await serve();
    const tick = (waiting: number) =>
      snapshots.ingest(makeTick({ queues: [makeQueue("moving", { counts: makeCounts({ waiting }) })] }));
    tick(1);
    tick(2);
    const first = connect("acme");
    await subscribe(first.client, "queues");
    await vi.waitFor(() => expect(first.frames).toHaveLength(1));
    tick(3);
    const second = connect("acme");
    await subscribe(second.client, "queues");
    await vi.waitFor(() => expect(second.frames).toHaveLength(1));
    tick(4);
    await vi.waitFor(() => expect(first.frames).toHaveLength(3));
    await vi.waitFor(() => expect(second.frames).toHaveLength(2));
    expect(eventsOf(second.frames)).toEqual(["queues:snapshot", "queues:changes"]);
    const last = { seq: 4, changed: [{ id: "moving", counts: { waiting: 4 } }] };
    expect(first.frames.at(-1)?.[1]).toMatchObject(last);
    expect(second.frames.at(-1)?.[1]).toMatchObject(last);
  });

  test("a tick restored between two ticks reaches earlier subscribers", async () => {
    const { snapshots, connect, subscribe } = await serve();
    const other = createSnapshotStore({
      aspects: makeAspects().aspects,
      clock: { now: () => 0 },
      intervalMs: 1_000,
    });
    other.ingest(makeTick({ queues: [makeQueue("kept")] }));
    const first = connect("acme");
    await subscribe(first.client, "queues");
    await vi.waitFor(() => expect(first.frames).toHaveLength(1));
    snapshots.restore(JSON.parse(JSON.stringify(other.keep())));
    const second = connect("acme");
    await subscribe(second.client, "queues");
    await vi.waitFor(() => expect(second.frames).toHaveLength(1));
    await vi.waitFor(() => expect(first.frames).toHaveLength(2));
    expect(first.frames[1]?.[1]).toMatchObject({ data: { items: [{ id: "kept" }] } });
    snapshots.ingest(makeTick({ queues: [makeQueue("kept", { workers: 7 })] }));
    await vi.waitFor(() => expect(first.frames).toHaveLength(3));
    expect(first.frames[2]?.[1]).toMatchObject({ changed: [{ id: "kept", workers: 7 }] });
  });

  test("the collector's silence is announced after two missing ticks, and ended by the next tick", async () => {
    const { snapshots, connect, subscribe, advance } = await serve({ intervalMs: 50 });
    snapshots.ingest(makeTick({ intervalMs: 50 }));
    const { client, frames } = connect("acme");
    await subscribe(client, "overview");
    await vi.waitFor(() => expect(eventsOf(frames)).toEqual(["overview:snapshot"]));
    advance(139);
    expect(await subscribe(client, "queues")).toEqual({ ok: true });
    await vi.waitFor(() => expect(eventsOf(frames)).toEqual(["overview:snapshot", "queues:snapshot"]));
    advance(1);
    await vi.waitFor(() => expect(eventsOf(frames).at(-1)).toBe("collector:lost"));
    expect(frames[2]?.[1]).toMatchObject({ lastObservedAt: "2026-01-05T12:00:00.000Z" });
    snapshots.ingest(makeTick({ intervalMs: 50 }));
    await vi.waitFor(() => expect(eventsOf(frames).slice(3)).toContain("overview:changes"));
  });

  test("heads of a list are read once for all subscribers, and not at all without any", async () => {
    const { connect, subscribe, deliveries, readRows } = await serve();
    const clients = [connect("acme"), connect("acme"), connect("acme")];
    for (const { client } of clients) await subscribe(client, "webhooks");
    const ids = Array.from({ length: 60 }, (_, n) => `id-${n}`);
    deliveries.changed(rival.id, ids, 60);
    deliveries.changed(acme.id, ids.slice(0, 40), 40);
    deliveries.changed(acme.id, ids.slice(40), 20);
    for (const { frames } of clients)
      await vi.waitFor(() => expect(eventsOf(frames)).toEqual(["webhooks:heads"]), { timeout: 3_000 });
    expect(readRows.mock.calls.map(([organizationId]) => organizationId)).toEqual([acme.id]);
    expect(readRows.mock.calls[0]?.[1]).toEqual(ids.slice(10).reverse());
    expect(clients[0]?.frames[0]?.[1]).toMatchObject({ newCount: 60 });
  });
});
