import { EventEmitter } from "node:events";
import type { ServerToClientEvents, SubscribeReply, Topic } from "@wheelhouse/shared/live.ts";
import { describe, expect, test, vi } from "vitest";
import { createLive, type LiveSocket } from "#lib/live.ts";

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
    emit: (event: "subscribe" | "unsubscribe", topic: Topic, answer?: (result: SubscribeReply) => void) => {
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
  const fire = (event: keyof ServerToClientEvents | "connect" | "disconnect", message?: unknown) =>
    heard.emit(event, message);
  return {
    live,
    sent,
    onRefused,
    fire,
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
const changes = { seq: 1, observedAt: "2026-11-19T09:14:10Z", intervalMs: 1000, changed: [], removed: [] };

describe("live subscriptions", () => {
  test("a topic is subscribed once for all its users and given back by the last", () => {
    const { live, sent, connect } = harness();
    connect();
    const first = live.retain("queues");
    const second = live.retain("queues");
    first();
    first();
    expect(sent).toEqual(["subscribe queues"]);
    second();
    expect(sent).toEqual(["subscribe queues", "unsubscribe queues"]);
  });

  test("a topic held before the connection is subscribed when it opens, and again after each reconnect", () => {
    const { live, sent, connect, drop } = harness();
    live.retain("overview");
    expect(sent).toEqual([]);
    connect();
    drop("transport close");
    expect(live.status().connection.state).toBe("closed");
    connect();
    expect(sent).toEqual(["subscribe overview", "subscribe overview"]);
    expect(live.status().connection.state).toBe("open");
  });

  test("a hidden tab draws nothing and asks for the whole when it is shown", () => {
    const { live, sent, connect, fire, hide } = harness();
    const drawn = vi.fn();
    const titled = vi.fn();
    connect();
    live.retain("queues");
    live.on("queues:changes", drawn);
    live.on("queues:changes", titled, { whenHidden: true });
    hide(true);
    fire("queues:changes", changes);
    expect(drawn).not.toHaveBeenCalled();
    expect(titled).toHaveBeenCalledOnce();
    hide(false);
    expect(sent).toEqual(["subscribe queues", "subscribe queues"]);
    fire("queues:changes", changes);
    expect(drawn).toHaveBeenCalledOnce();
  });

  test("a list page hears that it has to fetch after a reconnect", () => {
    const { live, connect, drop } = harness();
    const onResync = vi.fn();
    live.retain("webhooks");
    live.retain("queues");
    live.onResync(onResync);
    connect();
    drop("transport close");
    connect();
    expect(onResync.mock.calls).toEqual([["webhooks"], ["webhooks"]]);
  });

  test("a lost collector is a state of its own until the next sample", () => {
    const { live, connect, fire } = harness();
    connect();
    fire("collector:lost", { lastObservedAt: null, sentAt: "2026-11-19T09:14:10Z" });
    expect(live.status().collectorLost).toBe(true);
    fire("queues:changes", changes);
    expect(live.status().collectorLost).toBe(false);
  });

  test("a connection that the server cuts makes the page look at its session", () => {
    const { connect, drop, onRefused, sent } = harness();
    connect();
    drop("io server disconnect");
    expect(onRefused).toHaveBeenCalledOnce();
    expect(sent).toContain("connect");
  });

  test("a topic that is refused is not asked for again", () => {
    const { live, sent, connect, drop, answer } = harness();
    answer({ ok: false, code: "forbidden", message: "no right" });
    connect();
    live.retain("audit");
    drop("transport close");
    connect();
    expect(sent).toEqual(["subscribe audit"]);
  });
});
