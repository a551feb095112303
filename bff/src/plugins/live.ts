import { randomBytes } from "node:crypto";
import type { AuditEvent } from "@wheelhouse/shared/audit.ts";
import {
  type ClientToServerEvents,
  type SubscribeReply,
  type Topic,
  topicCapability,
  topic as topicSchema,
} from "@wheelhouse/shared/live.ts";
import type { ReplayRun } from "@wheelhouse/shared/webhook-replays.ts";
import type { Delivery } from "@wheelhouse/shared/webhooks.ts";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { type DefaultEventsMap, Server, type Socket } from "socket.io";
import { z } from "zod";
import type { Clock } from "#lib/clock.ts";
import { AppError } from "#lib/errors.ts";
import type { RequestContext } from "#lib/request-context.ts";
import type { SessionEnds } from "#lib/session-ends.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import type { LiveList } from "#plugins/live-lists.ts";

export type LiveDeps = {
  snapshots: SnapshotStore;
  /** Who the caller is, in which organization; asked at the handshake, at each subscribe and once a minute. */
  authenticate(handshake: {
    cookieHeader: string | undefined;
    organization: string | undefined;
    origin: string | undefined;
    host: string | undefined;
    id: string;
    address: string | null;
    userAgent: string | null;
  }): Promise<RequestContext | AppError>;
  sessionEnds: Pick<SessionEnds, "onEnded">;
  lists: { webhooks: LiveList<Delivery>; replays: LiveList<ReplayRun>; audit: LiveList<AuditEvent> };
  intervalMs: number;
  clock: Clock;
  log: Logger;
};

type SocketData = { context: RequestContext };
type Sent = Record<string, (message: unknown) => void>;
type LiveServer = Server<ClientToServerEvents, Sent, DefaultEventsMap, SocketData>;
type LiveSocket = Socket<ClientToServerEvents, Sent, DefaultEventsMap, SocketData>;

/** The collector is lost when two ticks are missing in a row; each may be late by 0.8 of its interval. */
const silentIntervals = 2.8;
const silenceLooksPerInterval = 20;
const listsEveryMs = 1_000;
const recheckEveryMs = 60_000;
/** Subscribers that come within this time share one encoding of the snapshot. */
const gatherMs = 25;
/** Messages that may wait for one client; a slower one is cut, and comes back for a fresh snapshot. */
const mostWaiting = 64;
/** Messages that a client may send in `recheckEveryMs`; honest ones send a few. */
const mostCommands = 300;
const mostConnections = 10_000;

const statusTopics = ["overview", "health", "breakers", "caches", "queues"] as const;
type StatusTopic = (typeof statusTopics)[number];
const isStatus = (topic: Topic): topic is StatusTopic => statusTopics.some((each) => each === topic);
const roomOf = (topic: Topic, organizationId: string) => `${topic}:${organizationId}`;
const waitingRoomOf = (topic: StatusTopic, organizationId: string) => `first:${topic}:${organizationId}`;
const handshakeAuth = z.object({ organization: z.string().min(1).max(100).optional() });

/**
 * Live updates. Rooms are derived here from the session's organization, never from what a client says; each message
 * is encoded once for its room. A client only subscribes: commands go by HTTP.
 */
export function registerLive(app: FastifyInstance, deps: LiveDeps) {
  const { snapshots, authenticate, sessionEnds, lists, intervalMs, clock, log } = deps;
  const io: LiveServer = new Server(app.server, {
    path: "/live",
    transports: ["websocket"],
    serveClient: false,
    maxHttpBufferSize: 4_096,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    connectTimeout: 10_000,
  });
  const organizations = new Map<string, OrganizationKey>();
  const sentAt = () => new Date(clock.now()).toISOString();
  const membersOf = (room: string) => io.of("/").adapter.rooms.get(room)?.size ?? 0;
  let lost = false;

  const identify = (socket: LiveSocket) => {
    const auth = handshakeAuth.safeParse(socket.handshake.auth);
    if (!auth.success)
      return Promise.resolve(new AppError("validation_failed", "auth.organization: is not valid"));
    const { headers, address } = socket.handshake;
    return authenticate({
      cookieHeader: headers.cookie,
      organization: auth.data.organization,
      origin: headers.origin,
      host: headers.host,
      id: `live_${randomBytes(9).toString("base64url")}`,
      address,
      userAgent: headers["user-agent"] ?? null,
    });
  };

  /** False when the socket was cut, because its session does not hold any more. */
  const recheck = async (socket: LiveSocket): Promise<boolean> => {
    const context = await identify(socket);
    if (context instanceof AppError) {
      // Not being able to ask ends nothing: the session was verified before.
      if (context.code === "unavailable") return socket.connected;
      socket.disconnect(true);
      return false;
    }
    if (context.organization.id !== socket.data.context.organization.id) {
      // The session's default was changed and this socket followed it: its rooms are another organization's.
      socket.disconnect(true);
      return false;
    }
    socket.data.context = context;
    for (const topic of topicSchema.options)
      if (!may(context, topic)) void socket.leave(roomOf(topic, context.organization.id));
    return socket.connected;
  };

  const sendFirst = (topic: StatusTopic, organization: OrganizationKey) => {
    const waiting = waitingRoomOf(topic, organization.id);
    if (membersOf(waiting) === 0) return;
    sendSnapshot(topic, waiting, organization);
    // In the same turn, so that no tick comes between the snapshot and the first change.
    io.in(waiting).socketsJoin(roomOf(topic, organization.id));
    io.in(waiting).socketsLeave(waiting);
  };

  const sendSnapshot = (topic: StatusTopic, room: string, organization: OrganizationKey) => {
    const data = snapshots.viewsOf(organization).list(topic);
    io.to(room).emit(`${topic}:snapshot`, { seq: snapshots.seq(), sentAt: sentAt(), data });
    if (lost) io.to(room).emit("collector:lost", lostMessage());
  };

  const sendChanges = (topic: StatusTopic, organization: OrganizationKey) => {
    const room = roomOf(topic, organization.id);
    if (membersOf(room) === 0) return;
    const { observedAt, intervalMs, changed, removed } = snapshots.viewsOf(organization).changes(topic);
    // Without any reading there is nothing to be the change of.
    if (topic === "overview" || observedAt === null) return sendSnapshot(topic, room, organization);
    io.to(room).emit(`${topic}:changes`, {
      seq: snapshots.seq(),
      observedAt,
      intervalMs,
      changed: changed.map(({ now }) => now),
      removed,
    });
  };

  const lostMessage = () => ({ lastObservedAt: snapshots.tick()?.head.observedAt ?? null, sentAt: sentAt() });

  const subscribe = async (socket: LiveSocket, wanted: unknown): Promise<SubscribeReply> => {
    const parsed = topicSchema.safeParse(wanted);
    if (!parsed.success)
      return { ok: false, code: "validation_failed", message: "topic: is not one that there is" };
    const topic = parsed.data;
    if (!(await recheck(socket)) || !may(socket.data.context, topic))
      return { ok: false, code: "forbidden", message: "No right to watch this in this organization." };
    const { organization } = socket.data.context;
    const key = { id: organization.id, slug: organization.slug };
    organizations.set(key.id, key);
    if (!isStatus(topic)) {
      await socket.join(roomOf(topic, key.id));
      return { ok: true };
    }
    // Who subscribes again asks for the whole: it leaves the room until the snapshot is sent.
    await socket.leave(roomOf(topic, key.id));
    const waiting = waitingRoomOf(topic, key.id);
    const first = membersOf(waiting) === 0;
    await socket.join(waiting);
    if (first) setTimeout(() => sendFirst(topic, key), gatherMs);
    return { ok: true };
  };

  io.use((socket, next) => {
    if (io.engine.clientsCount > mostConnections) return next(new Error("unavailable"));
    identify(socket).then(
      (context) => {
        if (context instanceof AppError) return next(new Error(context.code));
        socket.data.context = context;
        next();
      },
      (err: unknown) => {
        log.error({ err }, "a live handshake failed");
        next(new Error("internal"));
      },
    );
  });

  io.on("connection", (socket) => {
    let commands = 0;
    let waiting = 0;
    const recheckTimer = setInterval(() => {
      commands = 0;
      recheck(socket).catch((err: unknown) => log.warn({ err }, "a live session could not be checked again"));
    }, recheckEveryMs);
    recheckTimer.unref();
    socket.conn.on("packetCreate", () => {
      waiting += 1;
      if (waiting > mostWaiting) socket.conn.close(true);
    });
    // Given to the network as one; the next round waits for it.
    socket.conn.on("flush", () => {
      waiting = 0;
    });
    socket.use((_event, next) => {
      commands += 1;
      if (commands > mostCommands) socket.disconnect(true);
      else next();
    });
    socket.on("subscribe", (wanted, reply) => {
      subscribe(socket, wanted).then(
        (result) => {
          if (typeof reply === "function") reply(result);
        },
        (err: unknown) => log.error({ err }, "a live subscription failed"),
      );
    });
    socket.on("unsubscribe", (wanted) => {
      const parsed = topicSchema.safeParse(wanted);
      if (!parsed.success) return;
      const { id } = socket.data.context.organization;
      void socket.leave(roomOf(parsed.data, id));
      if (isStatus(parsed.data)) void socket.leave(waitingRoomOf(parsed.data, id));
    });
    socket.on("disconnect", () => clearInterval(recheckTimer));
  });

  const stopHearingEnds = sessionEnds.onEnded((ended) => {
    for (const socket of io.of("/").sockets.values()) {
      const { id, sessionId } = socket.data.context.actor;
      if ("userId" in ended ? id === ended.userId : sessionId === ended.sessionId) socket.disconnect(true);
    }
  });

  const stopHearingTicks = snapshots.onTick(() => {
    lost = false;
    for (const organization of organizations.values())
      for (const topic of statusTopics) sendChanges(topic, organization);
  });

  const startedMs = clock.now();
  const lostTimer = setInterval(() => {
    const silentMs = clock.now() - (snapshots.heardAtMs() ?? startedMs);
    if (lost || silentMs < silentIntervals * intervalMs) return;
    lost = true;
    io.emit("collector:lost", lostMessage());
  }, intervalMs / silenceLooksPerInterval);

  const sending = new Set<string>();
  const sendList = async (topic: keyof LiveDeps["lists"], organizationId: string) => {
    const room = roomOf(topic, organizationId);
    const list = lists[topic];
    if (membersOf(room) === 0) return list.forget(organizationId);
    if (sending.has(room)) return;
    sending.add(room);
    try {
      // Sent by topic, so that each event keeps the type of its rows.
      if (topic === "webhooks") {
        const heads = await lists.webhooks.next(organizationId);
        if (heads) io.to(room).emit("webhooks:heads", { ...heads, sentAt: sentAt() });
      } else if (topic === "replays") {
        const heads = await lists.replays.next(organizationId);
        if (heads) io.to(room).emit("replays:heads", { ...heads, sentAt: sentAt() });
      } else {
        const heads = await lists.audit.next(organizationId);
        if (heads) io.to(room).emit("audit:heads", { ...heads, sentAt: sentAt() });
      }
    } catch (err) {
      log.debug({ err, topic }, "heads of a list could not be read");
    } finally {
      sending.delete(room);
    }
  };
  const listsTimer = setInterval(() => {
    for (const topic of ["webhooks", "replays", "audit"] as const)
      for (const organizationId of lists[topic].organizations()) void sendList(topic, organizationId);
  }, listsEveryMs);

  app.addHook("preClose", async () => {
    clearInterval(lostTimer);
    clearInterval(listsTimer);
    stopHearingEnds();
    stopHearingTicks();
    io.disconnectSockets(true);
    io.engine.close();
  });
  return { connections: () => io.engine.clientsCount };
}

const may = (context: RequestContext, topic: Topic) =>
  context.actor.can(topicCapability[topic]).in(context.organization.id).check();
