import { EventEmitter } from "node:events";
import { gzipSync } from "node:zlib";
import { auditTopic } from "@wheelhouse/shared/audit/audit.ts";
import { type Head, pack } from "@wheelhouse/shared/live/message.ts";
import type { SubscribeReply } from "@wheelhouse/shared/live.ts";
import { overviewTopic } from "@wheelhouse/shared/overview.ts";
import { queueTopic } from "@wheelhouse/shared/queues.ts";
import { deliveryTopic } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { describe, expect, test, vi } from "vitest";
import { createLive, type LiveSocket } from "./live.ts";

type Handler = Parameters<EventEmitter["on"]>[1];

const harness = () => {
  const heard = new EventEmitter();
  const sent: string[] = [];
  const state = { hidden: false, connected: false };
  let resume: () => void = () => undefined;
  let reply: SubscribeReply = { ok: true };
  const socket: LiveSocket = {
    get connected() {
      return state.connected;
    },
    connect: () => sent.push("connect"),
    disconnect: () => sent.push("disconnect"),
    on: (event: string, handler: Handler) => heard.on(event, handler),
    onAny: (handler: Handler) => heard.on("any", handler),
    emit: (event: "subscribe" | "unsubscribe", topic: string, answer?: (result: SubscribeReply) => void) => {
      sent.push(`${event} ${topic}`);
      answer?.(reply);
    },
  };
  const onRefused = vi.fn();
  const live = createLive({
    socket,
    clock: { now: () => 1000, hear: () => undefined },
    page: {
      isHidden: () => state.hidden,
      onResume: (listener) => {
        resume = listener;
        return () => undefined;
      },
    },
    onRefused,
  });
  const fire = (event: "collector:lost" | "connect" | "disconnect", message?: unknown) =>
    heard.emit(event, message);
  const send = (topic: string, message: unknown) => heard.emit("any", topic, message);
  return {
    live,
    sent,
    onRefused,
    fire,
    send,
    connect: () => {
      state.connected = true;
      fire("connect");
    },
    drop: (reason: string) => {
      state.connected = false;
      fire("disconnect", reason);
    },
    hide: (hidden: boolean) => {
      state.hidden = hidden;
      if (!hidden) resume();
    },
    answer: (next: SubscribeReply) => {
      reply = next;
    },
  };
};
const sentAt = "2026-11-19T09:14:10Z";
const message = (head: Head, body: unknown, { isGzip = false } = {}): Uint8Array => {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return pack({ head, isGzip, body: isGzip ? gzipSync(bytes) : bytes });
};
const snapshotOf = (seq: number, items: object[] = [], options = {}) =>
  message({ kind: "snapshot", seq, sentAt }, { observedAt: sentAt, intervalMs: 1000, items }, options);
const changesOf = (seq: number, body: object = { of: 0 }, options = {}) =>
  message({ kind: "changes", seq, observedAt: sentAt, intervalMs: 1000, sentAt }, body, options);
const nothing = () => undefined;

describe("live subscriptions", () => {
  test("a topic is subscribed once for all listeners and unsubscribed by the last", () => {
    const { live, sent, connect } = harness();
    connect();
    const first = live.hear(queueTopic, nothing);
    const second = live.hear(queueTopic, nothing);
    first();
    first();
    expect(sent).toEqual(["subscribe queues"]);
    second();
    expect(sent).toEqual(["subscribe queues", "unsubscribe queues"]);
  });

  test("a topic requested before the connection is subscribed when it opens, and again after each reconnect", () => {
    const { live, sent, connect, drop } = harness();
    live.hear(overviewTopic, nothing);
    expect(sent).toEqual([]);
    connect();
    drop("transport close");
    expect(live.status().connection.state).toBe("closed");
    connect();
    expect(sent).toEqual(["subscribe overview", "subscribe overview"]);
    expect(live.status().connection.state).toBe("open");
  });

  test("a hidden tab applies nothing and requests a snapshot when it becomes visible", async () => {
    const { live, sent, connect, send, hide } = harness();
    const drawn = vi.fn();
    const titled = vi.fn();
    connect();
    live.hear(queueTopic, drawn);
    live.hear(overviewTopic, drawn);
    live.hear(overviewTopic, titled, { whenHidden: true });
    send("overview", snapshotOf(1));
    send("queues", snapshotOf(1));
    await vi.waitFor(() => expect(drawn).toHaveBeenCalledTimes(2));
    hide(true);
    send("queues", changesOf(2));
    send("overview", changesOf(2, { of: 1 }));
    await vi.waitFor(() => expect(titled).toHaveBeenCalledTimes(2));
    expect(drawn).toHaveBeenCalledTimes(2);
    sent.length = 0;
    hide(false);
    expect(sent).toEqual(["subscribe queues", "subscribe overview"]);
    send("queues", snapshotOf(3));
    await vi.waitFor(() => expect(drawn).toHaveBeenCalledTimes(3));
  });

  test("a list page is told to refetch after a reconnect", () => {
    const { live, connect, drop } = harness();
    const onResync = vi.fn();
    live.hear(deliveryTopic, nothing);
    live.hear(queueTopic, nothing);
    live.onResync(onResync);
    connect();
    drop("transport close");
    connect();
    expect(onResync.mock.calls).toEqual([["webhooks"], ["webhooks"]]);
  });

  test("a lost collector is a separate state until the next sample", async () => {
    const { live, connect, fire, send } = harness();
    connect();
    live.hear(queueTopic, nothing);
    fire("collector:lost", { lastObservedAt: null, sentAt });
    await vi.waitFor(() => expect(live.status().collectorLost).toBe(true));
    send("queues", snapshotOf(1));
    await vi.waitFor(() => expect(live.status().collectorLost).toBe(false));
  });

  test("a connection closed by the server makes the page check its session", () => {
    const { connect, drop, onRefused, sent } = harness();
    connect();
    drop("io server disconnect");
    expect(onRefused).toHaveBeenCalledOnce();
    expect(sent).toContain("connect");
  });

  test("a refused topic is not requested again", () => {
    const { live, sent, connect, drop, answer } = harness();
    answer({ ok: false, code: "forbidden", message: "no right" });
    connect();
    live.hear(auditTopic, nothing);
    drop("transport close");
    connect();
    expect(sent).toEqual(["subscribe audit"]);
  });
});

describe("live messages", () => {
  const row = (id: string, name = id) => ({ id, name, state: "ok", paused: false });

  test("messages are applied in order of arrival, however long each takes to unpack", async () => {
    const { live, connect, send } = harness();
    const seen: string[] = [];
    connect();
    live.hear(queueTopic, ({ items }, kind) => seen.push(`${kind} ${items[0]?.name}`));
    // The first is compressed and large, so that the next ones arrive while it is unpacked.
    send("queues", snapshotOf(1, [row("a", "a".repeat(500_000)), row("b")], { isGzip: true }));
    send("queues", changesOf(2, { of: 2, columns: [{ path: ["name"], at: [0], to: ["second"] }] }));
    send(
      "queues",
      changesOf(3, { of: 2, columns: [{ path: ["name"], at: [0], to: ["a3"] }] }, { isGzip: true }),
    );
    send("queues", changesOf(4, { of: 2, columns: [{ path: ["name"], at: [0], to: ["a4"] }] }));
    await vi.waitFor(() => expect(seen).toHaveLength(4));
    expect(seen.map((each) => each.slice(0, 16))).toEqual([
      "snapshot aaaaaaa",
      "changes b",
      "changes a3",
      "changes a4",
    ]);
  });

  test("a missing number requests a snapshot, and pending messages are not applied on top of it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { live, sent, connect, send } = harness();
    const heard = vi.fn();
    connect();
    live.hear(queueTopic, heard);
    send("queues", snapshotOf(1));
    send("queues", changesOf(3));
    await vi.waitFor(() => expect(sent).toEqual(["subscribe queues", "subscribe queues"]));
    send("queues", changesOf(4));
    send("queues", snapshotOf(4));
    send("queues", changesOf(5));
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(3));
    expect(heard.mock.calls.map(([, kind]) => kind)).toEqual(["snapshot", "snapshot", "changes"]);
    vi.advanceTimersByTime(10_000);
    expect(sent).toHaveLength(2);
    vi.useRealTimers();
  });

  const strange: [string, unknown][] = [
    ["text", "hello"],
    ["no bytes", new Uint8Array()],
    ["half a head", new Uint8Array([0, 0, 90, 123])],
    ["a head that is none", message(JSON.parse('{"kind":"news"}'), {})],
    ["a number that is none", message(JSON.parse(`{"kind":"snapshot","seq":"1","sentAt":"${sentAt}"}`), {})],
    [
      "a broken compression",
      pack({ head: { kind: "snapshot", seq: 1, sentAt }, isGzip: true, body: new Uint8Array([1, 2]) }),
    ],
    [
      "a whole without rows",
      message({ kind: "snapshot", seq: 1, sentAt }, { observedAt: null, intervalMs: 1 }),
    ],
    ["a row that is not there", changesOf(2, { of: 1, columns: [{ path: ["name"], at: [7], to: ["x"] }] })],
    ["a field below a text", changesOf(2, { of: 1, columns: [{ path: ["name", "x"], to: [1] }] })],
    ["another list", changesOf(2, { of: 3 })],
    ["a row without id", changesOf(2, { of: 1, columns: [{ path: ["id"], to: [4] }] })],
    ["a column without values", changesOf(2, { of: 1, columns: [{ path: ["name"], to: [] }] })],
    ["a difference of a text", changesOf(2, { of: 1, columns: [{ path: ["name"], by: [4] }] })],
  ];
  test.each(strange)(
    "an unreadable message (%s) requests a snapshot and harms nothing",
    async (_what, bytes) => {
      const { live, sent, connect, send } = harness();
      const heard = vi.fn();
      connect();
      live.hear(queueTopic, heard);
      send("queues", snapshotOf(1, [row("a")]));
      send("queues", bytes);
      await vi.waitFor(() => expect(sent).toEqual(["subscribe queues", "subscribe queues"]));
      expect(heard).toHaveBeenCalledOnce();
      send("queues", snapshotOf(5, [row("a")]));
      await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2));
    },
  );

  test("repeatedly unreadable messages cause one request every five seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { live, sent, connect, send } = harness();
    connect();
    live.hear(queueTopic, nothing);
    for (let n = 0; n < 5; n += 1) send("queues", "nonsense");
    await new Promise(setImmediate);
    expect(sent).toHaveLength(2);
    vi.advanceTimersByTime(5_000);
    expect(sent).toHaveLength(3);
    vi.useRealTimers();
  });

  test("an unchanged row keeps its identity, as do its unchanged parts", async () => {
    const { live, connect, send } = harness();
    const lists: (readonly object[])[] = [];
    connect();
    live.hear(queueTopic, ({ items }) => lists.push(items));
    send("queues", snapshotOf(1, [{ ...row("a"), counts: { waiting: 1 } }, row("b")]));
    send("queues", changesOf(2, { of: 2, columns: [{ path: ["label"], at: [0], to: ["x"] }] }));
    send("queues", changesOf(3, { of: 2 }));
    await vi.waitFor(() => expect(lists).toHaveLength(3));
    expect(lists[1]?.[1]).toBe(lists[0]?.[1]);
    expect(lists[1]?.[0]).not.toBe(lists[0]?.[0]);
    expect(lists[2]).toBe(lists[1]);
  });
});
