import { type Follower, followTopic, type Head, unpack } from "@wheelhouse/shared/live/message.ts";
import { MalformedMessage } from "@wheelhouse/shared/live/patch.ts";
import type { AnyTopic, LiveTopic } from "@wheelhouse/shared/live/topic.ts";
import type { CollectorLost, SubscribeReply } from "@wheelhouse/shared/live.ts";
import type { Connection } from "./freshness.ts";

export type LiveStatus = {
  connection: Connection;
  /** Whether the collector is silent; kept until the next status message. */
  collectorLost: boolean;
};

/** The part of a socket.io client that live updates need. */
export type LiveSocket = {
  connected: boolean;
  connect: () => unknown;
  disconnect: () => unknown;
  on: {
    (event: "connect", listener: () => void): unknown;
    (event: "disconnect", listener: (reason: string) => void): unknown;
    (event: "connect_error", listener: (error: Error) => void): unknown;
    (event: "collector:lost", listener: (message: CollectorLost) => void): unknown;
  };
  /** Runs for the messages of all topics. */
  onAny: (listener: (event: string, message: unknown) => void) => unknown;
  emit: {
    (event: "subscribe", topic: string, reply: (result: SubscribeReply) => void): unknown;
    (event: "unsubscribe", topic: string): unknown;
  };
};

/** Reports when the page is hidden, restored from the back-forward cache or offline. */
export type PageEvents = {
  isHidden: () => boolean;
  /** Runs the callback whenever the shown data may be outdated. */
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

type Kind = Head["kind"];
type Listener = { run: (data: unknown, kind: Kind) => void; whenHidden: boolean };

/** A subscribed topic with its listeners and current data. */
type Channel = {
  topic: AnyTopic;
  listeners: Set<Listener>;
  follower: Follower<unknown>;
  /** A snapshot was requested; messages that arrive before it belong to an earlier subscription. */
  isAwaiting: boolean;
  isRefused: boolean;
};

/** The shortest time between new subscriptions caused by unreadable messages. */
const repairEveryMs = 5_000;

/**
 * Live updates of one organization over one socket.
 *
 * Topics are reference-counted: the first listener subscribes and the last one unsubscribes. Messages are
 * unpacked and applied in order of arrival. A hidden tab serves only the listeners that ask for it and
 * renders nothing; all topics are subscribed again when it becomes visible and after each reconnect, so a
 * snapshot precedes any change. List topics have no snapshot: `onResync` makes their pages refetch.
 */
export const createLive = (deps: {
  socket: LiveSocket;
  clock: { now: () => number; hear: (sentAt: string) => void };
  page: PageEvents;
  /** The server closed or refused this connection; the session may have ended. */
  onRefused: () => void;
}) => {
  const { socket, clock, page, onRefused } = deps;
  const channels = new Map<string, Channel>();
  const resyncListeners = new Set<(topic: string) => void>();
  const status = createStatus(clock);
  const repairs = new Map<string, { atMs: number; timer: ReturnType<typeof setTimeout> | undefined }>();
  let last: Promise<unknown> = Promise.resolve();

  const subscribe = (channel: Channel): void => {
    if (!socket.connected || channel.isRefused) return;
    channel.isAwaiting = hasSnapshot(channel.topic);
    socket.emit("subscribe", channel.topic.name, (reply) => {
      if (!reply.ok && reply.code === "forbidden") channel.isRefused = true;
    });
  };

  const resync = (): void => {
    for (const channel of channels.values()) {
      const { topic, isRefused } = channel;
      subscribe(channel);
      if (hasSnapshot(topic) || isRefused) continue;
      for (const listener of resyncListeners) listener(topic.name);
    }
  };

  /** Requests a new snapshot, rate-limited so that repeated unreadable messages do not flood the server. */
  const repair = (channel: Channel): void => {
    const { name } = channel.topic;
    const before = repairs.get(name);
    if (before?.timer !== undefined) return;
    const inMs = Math.max(0, (before?.atMs ?? Number.NEGATIVE_INFINITY) + repairEveryMs - clock.now());
    const again = () => {
      repairs.set(name, { atMs: clock.now(), timer: undefined });
      if (channels.get(name) === channel) subscribe(channel);
    };
    if (inMs === 0) again();
    else repairs.set(name, { atMs: clock.now(), timer: setTimeout(again, inMs) });
  };

  const isHeard = ({ listeners }: Channel): boolean =>
    !page.isHidden() || [...listeners].some(({ whenHidden }) => whenHidden);

  const take = async (channel: Channel, bytes: unknown): Promise<void> => {
    const message = await unpack(bytes);
    const { kind, sentAt } = message.head;
    clock.hear(sentAt);
    if (kind === "snapshot") channel.isAwaiting = false;
    if (channel.isAwaiting) return;
    const data = channel.follower.take(message);
    if (data === "gap") return repair(channel);
    if (hasSnapshot(channel.topic)) status.set({ collectorLost: false });
    const hidden = page.isHidden();
    for (const { run, whenHidden } of channel.listeners) if (!hidden || whenHidden) run(data, kind);
  };

  socket.onAny((event, bytes) => {
    const channel = channels.get(event);
    // A hidden tab unpacks nothing and requests a snapshot once visible.
    if (channel === undefined || !isHeard(channel)) return;
    last = last
      .then(() => take(channel, bytes))
      .catch((error: unknown) => {
        if (!(error instanceof MalformedMessage)) console.error(error);
        repair(channel);
      });
  });
  socket.on("collector:lost", () => {
    last = last.then(() => status.set({ collectorLost: true }));
  });
  followConnection(socket, { status, clock, onRefused, onOpen: resync });
  const stopResume = page.onResume(() => {
    if (socket.connected) resync();
    else socket.connect();
  });

  const open = (topic: AnyTopic): Channel => {
    const known = channels.get(topic.name);
    if (known !== undefined) return known;
    const follower = followTopic(topic);
    const channel = { topic, follower, listeners: new Set<Listener>(), isAwaiting: false, isRefused: false };
    channels.set(topic.name, channel);
    subscribe(channel);
    return channel;
  };

  return {
    /** Listens to a topic until the returned function runs. */
    hear: <Data>(
      topic: AnyTopic & LiveTopic<Data>,
      run: (data: Data, kind: Kind) => void,
      { whenHidden = false }: { whenHidden?: boolean } = {},
    ): (() => void) => {
      const channel = open(topic);
      const { accepts }: LiveTopic<Data> = topic;
      const listener: Listener = {
        run: (data, kind) => {
          if (accepts(data)) run(data, kind);
        },
        whenHidden,
      };
      channel.listeners.add(listener);
      return () => {
        if (!channel.listeners.delete(listener) || channel.listeners.size > 0) return;
        channels.delete(topic.name);
        if (socket.connected) socket.emit("unsubscribe", topic.name);
      };
    },
    /** For list topics: messages may have been missed, so their pages should refetch. */
    onResync: (listener: (topic: string) => void): (() => void) => {
      resyncListeners.add(listener);
      return () => resyncListeners.delete(listener);
    },
    status: status.read,
    onStatus: status.onChange,
    close: (): void => {
      stopResume();
      for (const { timer } of repairs.values()) clearTimeout(timer);
      socket.disconnect();
    },
  };
};
export type Live = ReturnType<typeof createLive>;

const hasSnapshot = ({ kind }: AnyTopic): boolean => kind === "rows" || kind === "whole";

const createStatus = (clock: { now: () => number }) => {
  const listeners = new Set<() => void>();
  let status: LiveStatus = {
    connection: { state: "connecting", sinceMs: clock.now() },
    collectorLost: false,
  };
  return {
    read: (): LiveStatus => status,
    set: (change: Partial<LiveStatus>): void => {
      if (change.collectorLost === status.collectorLost) return;
      status = { ...status, ...change };
      for (const listener of listeners) listener();
    },
    onChange: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

/** Tracks the connection state, and reconnects where socket.io does not. */
const followConnection = (
  socket: LiveSocket,
  deps: {
    status: ReturnType<typeof createStatus>;
    clock: { now: () => number };
    onOpen: () => void;
    onRefused: () => void;
  },
): void => {
  const { status, clock, onOpen, onRefused } = deps;
  const closed = (): void => {
    if (status.read().connection.state !== "closed")
      status.set({ connection: { state: "closed", sinceMs: clock.now() } });
  };
  socket.on("connect", () => {
    status.set({ connection: { state: "open", sinceMs: clock.now() } });
    onOpen();
  });
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
};
