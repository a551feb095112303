import type {
  ClientToServerEvents,
  ServerToClientEvents,
  SubscribeReply,
  Topic,
} from "@wheelhouse/shared/live.ts";
import type { Connection } from "#lib/freshness.ts";

export type LiveEvent = keyof ServerToClientEvents;
export type LiveMessage<E extends LiveEvent> = Parameters<ServerToClientEvents[E]>[0];
type Listener<E extends LiveEvent> = { run: (message: LiveMessage<E>) => void; whenHidden: boolean };
type Listeners = { [E in LiveEvent]: Set<Listener<E>> };

export type LiveStatus = {
  connection: Connection;
  /** The collector is silent; set until the next status message. */
  collectorLost: boolean;
};

/** The part of a socket.io client that live updates need. */
export type LiveSocket = {
  connected: boolean;
  connect: () => unknown;
  disconnect: () => unknown;
  on: {
    <E extends LiveEvent>(event: E, listener: ServerToClientEvents[E]): unknown;
    (event: "connect", listener: () => void): unknown;
    (event: "disconnect", listener: (reason: string) => void): unknown;
    (event: "connect_error", listener: (error: Error) => void): unknown;
  };
  emit: {
    (event: "subscribe", topic: Topic, reply: Parameters<ClientToServerEvents["subscribe"]>[1]): unknown;
    (event: "unsubscribe", topic: Topic): unknown;
  };
};

/** Where the page tells that it was hidden, restored from the back-forward cache or offline. */
export type PageEvents = {
  isHidden: () => boolean;
  /** Calls back whenever what is shown may have aged unnoticed. */
  onResume: (listener: () => void) => () => void;
};

export const browserPage: PageEvents = {
  isHidden: () => document.hidden,
  onResume: (listener) => {
    const onVisible = () => {
      if (!document.hidden) listener();
    };
    const onShow = ({ persisted }: PageTransitionEvent) => {
      if (persisted) listener();
    };
    document.addEventListener("visibilitychange", onVisible);
    window.addEventListener("pageshow", onShow);
    window.addEventListener("online", listener);
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("pageshow", onShow);
      window.removeEventListener("online", listener);
    };
  },
};

const lists: readonly Topic[] = ["webhooks", "replays", "audit"];

/**
 * Live updates of one organization over one socket.
 *
 * Topics are counted: the first user of one subscribes, the last gives it back. A hidden tab hears only the
 * listeners that ask for it and draws nothing; when it is shown again, as after each reconnect, all topics
 * are subscribed anew, so a snapshot comes before any change. List topics have no snapshot: `onResync` tells
 * their pages to fetch.
 */
export const createLive = (deps: {
  socket: LiveSocket;
  clock: { now: () => number; hear: (sentAt: string) => void };
  page: PageEvents;
  /** The server cut this connection, or would not let it in: the session may have ended. */
  onRefused: () => void;
}) => {
  const { socket, clock, page, onRefused } = deps;
  const counts = new Map<Topic, number>();
  const listeners: Listeners = {
    "overview:snapshot": new Set(),
    "health:snapshot": new Set(),
    "health:changes": new Set(),
    "breakers:snapshot": new Set(),
    "breakers:changes": new Set(),
    "caches:snapshot": new Set(),
    "caches:changes": new Set(),
    "queues:snapshot": new Set(),
    "queues:changes": new Set(),
    "webhooks:heads": new Set(),
    "replays:heads": new Set(),
    "audit:heads": new Set(),
    "collector:lost": new Set(),
  };
  const statusListeners = new Set<() => void>();
  const resyncListeners = new Set<(topic: Topic) => void>();
  let status: LiveStatus = {
    connection: { state: "connecting", sinceMs: clock.now() },
    collectorLost: false,
  };

  const setStatus = (change: Partial<LiveStatus>): void => {
    status = { ...status, ...change };
    for (const listener of statusListeners) listener();
  };

  const deliver = <E extends LiveEvent>(event: E, message: LiveMessage<E>): void => {
    const hidden = page.isHidden();
    for (const listener of listeners[event]) if (!hidden || listener.whenHidden) listener.run(message);
  };

  const subscribe = (topic: Topic): void => {
    if (!socket.connected) return;
    socket.emit("subscribe", topic, (reply: SubscribeReply) => {
      if (!reply.ok && reply.code === "forbidden") counts.delete(topic);
    });
  };

  const resync = (): void => {
    for (const topic of counts.keys()) {
      subscribe(topic);
      if (lists.includes(topic)) for (const listener of resyncListeners) listener(topic);
    }
  };

  const heardCollector = (): void => {
    if (status.collectorLost) setStatus({ collectorLost: false });
  };

  socket.on("connect", () => {
    setStatus({ connection: { state: "open", sinceMs: clock.now() } });
    resync();
  });
  const closed = (): void => {
    if (status.connection.state !== "closed") {
      setStatus({ connection: { state: "closed", sinceMs: clock.now() } });
    }
  };
  socket.on("disconnect", (reason) => {
    closed();
    if (reason === "io server disconnect") {
      onRefused();
      socket.connect();
    }
  });
  socket.on("connect_error", (error) => {
    closed();
    if (/unauthenticated|forbidden/.test(error.message)) onRefused();
  });
  const relayStatus = <E extends Extract<LiveEvent, `${string}:snapshot` | `${string}:changes`>>(
    event: E,
    message: LiveMessage<E>,
  ): void => {
    if ("sentAt" in message) clock.hear(message.sentAt);
    heardCollector();
    deliver(event, message);
  };
  socket.on("overview:snapshot", (message) => relayStatus("overview:snapshot", message));
  socket.on("health:snapshot", (message) => relayStatus("health:snapshot", message));
  socket.on("health:changes", (message) => relayStatus("health:changes", message));
  socket.on("breakers:snapshot", (message) => relayStatus("breakers:snapshot", message));
  socket.on("breakers:changes", (message) => relayStatus("breakers:changes", message));
  socket.on("caches:snapshot", (message) => relayStatus("caches:snapshot", message));
  socket.on("caches:changes", (message) => relayStatus("caches:changes", message));
  socket.on("queues:snapshot", (message) => relayStatus("queues:snapshot", message));
  socket.on("queues:changes", (message) => relayStatus("queues:changes", message));
  socket.on("webhooks:heads", (message) => deliver("webhooks:heads", message));
  socket.on("replays:heads", (message) => deliver("replays:heads", message));
  socket.on("audit:heads", (message) => deliver("audit:heads", message));
  socket.on("collector:lost", (message) => {
    setStatus({ collectorLost: true });
    deliver("collector:lost", message);
  });

  const stopResume = page.onResume(() => {
    if (socket.connected) resync();
    else socket.connect();
  });

  return {
    /** Holds a topic until the returned function is called. */
    retain: (topic: Topic): (() => void) => {
      const count = counts.get(topic) ?? 0;
      counts.set(topic, count + 1);
      if (count === 0) subscribe(topic);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        const rest = (counts.get(topic) ?? 1) - 1;
        if (rest > 0) counts.set(topic, rest);
        else if (counts.delete(topic) && socket.connected) socket.emit("unsubscribe", topic);
      };
    },
    /** Hears one kind of message; the topic must be retained as well. */
    on: <E extends LiveEvent>(
      event: E,
      run: (message: LiveMessage<E>) => void,
      { whenHidden = false }: { whenHidden?: boolean } = {},
    ): (() => void) => {
      const listener: Listener<E> = { run, whenHidden };
      const set: Set<Listener<E>> = listeners[event];
      set.add(listener);
      return () => set.delete(listener);
    },
    /** Asks for the whole again, after a gap in the sequence. */
    resubscribe: subscribe,
    /** List topics: messages may have been missed, fetch. */
    onResync: (listener: (topic: Topic) => void): (() => void) => {
      resyncListeners.add(listener);
      return () => resyncListeners.delete(listener);
    },
    status: (): LiveStatus => status,
    onStatus: (listener: () => void): (() => void) => {
      statusListeners.add(listener);
      return () => statusListeners.delete(listener);
    },
    close: (): void => {
      stopResume();
      socket.disconnect();
    },
  };
};
export type Live = ReturnType<typeof createLive>;
