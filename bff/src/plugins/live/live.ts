import { gzipSync } from "node:zlib";
import { encodeMessage } from "@wheelhouse/shared/live/message.ts";
import type { TopicBase } from "@wheelhouse/shared/live/topic.ts";
import type { SubscribeReply } from "@wheelhouse/shared/live.ts";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { Server } from "socket.io";
import { withoutBase } from "#lib/http/base-path.ts";
import type { SessionEnds } from "#lib/security/session-ends.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { type Authenticate, cutEnded, guardHandshakes, may, recheck } from "./admission.ts";
import { createBoards } from "./boards.ts";
import { type LiveList, sendHeads } from "./heads.ts";
import { limitSocket } from "./limits.ts";
import { type LiveServer, type LiveSocket, personalRoomOf, roomFor, waitingRoomOf } from "./rooms.ts";
import { watchSilence } from "./silence.ts";

type AnyTopics = { readonly [name: string]: TopicBase };
type NamesOf<Topics extends AnyTopics, Kind extends TopicBase["kind"]> = {
  [Name in keyof Topics]: Topics[Name]["kind"] extends Kind ? Name : never;
}[keyof Topics];

export type LiveDeps<Topics extends AnyTopics> = {
  topics: Topics;
  /** Data for topics of rows and single objects. */
  snapshots: Pick<SnapshotStore, "seq" | "tick" | "heardAtMs" | "onTick" | "viewsOf">;
  /** Data for topics of heads. */
  lists: { readonly [Name in NamesOf<Topics, "heads"> & string]: LiveList<unknown> };
  authenticate: Authenticate;
  sessionEnds: Pick<SessionEnds, "onEnded">;
  intervalMs: number;
  /** Path below which people reach the console; empty at the root of a host. */
  basePath: string;
  clock: Clock;
  log: Logger;
};

/**
 * Live updates. Rooms come from the session, never from a client's message, and each message is encoded
 * once per room. Clients only subscribe; commands use HTTP.
 */
export function registerLive<const Topics extends AnyTopics>(app: FastifyInstance, deps: LiveDeps<Topics>) {
  const { snapshots, clock, log } = deps;
  const io: LiveServer = new Server(app.server, {
    path: "/live",
    transports: ["websocket"],
    serveClient: false,
    maxHttpBufferSize: 4_096,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    connectTimeout: 10_000,
  });
  // Sockets pass the server's routes by, so the path is taken off here, before socket.io looks at it.
  app.server.prependListener("upgrade", (request) => {
    request.url = withoutBase(request.url ?? "/", deps.basePath);
  });
  const all: readonly TopicBase[] = Object.values(deps.topics);
  const sentAt = () => new Date(clock.now()).toISOString();
  const silence = watchSilence({ io, snapshots, sentAt, clock, intervalMs: deps.intervalMs });
  const observed = all.filter(({ kind }) => kind === "rows" || kind === "whole");
  const boards = createBoards({ io, topics: observed, snapshots, sentAt, onSnapshot: silence.tell });
  const byName = new Map(all.map((topic) => [topic.name, topic]));
  const joining = {
    topicOf: (name: unknown) => (typeof name === "string" ? byName.get(name) : undefined),
    recheck: (socket: LiveSocket) => recheck(socket, { authenticate: deps.authenticate, topics: all }),
    boards,
    log,
  };
  guardHandshakes(io, { authenticate: deps.authenticate, log });
  io.on("connection", (socket) => listen(socket, joining));
  const ends = [
    silence.stop,
    cutEnded(io, deps.sessionEnds),
    snapshots.onTick(() => {
      silence.ended();
      boards.sendChanges();
    }),
    sendHeads({ io, topics: all.filter(({ kind }) => kind === "heads"), lists: deps.lists, sentAt, log }),
  ];
  app.addHook("preClose", async () => {
    for (const end of ends) end();
    io.disconnectSockets(true);
    io.engine.close();
  });
  return {
    connections: () => io.engine.clientsCount,
    /** Sends a personal message to all of one person's sockets in an organization. */
    tell(
      name: NamesOf<Topics, "personal"> & string,
      { organizationId, userId }: { organizationId: string; userId: string },
      message: object,
    ) {
      const topic = deps.topics[name];
      if (!topic) return;
      const room = personalRoomOf(topic, organizationId, userId);
      io.to(room).emit(topic.name, encodeMessage({ kind: "personal", sentAt: sentAt() }, message, gzipSync));
    },
  };
}

type Joining = {
  topicOf(name: unknown): TopicBase | undefined;
  recheck(socket: LiveSocket): Promise<boolean>;
  boards: ReturnType<typeof createBoards>;
  log: Logger;
};

function listen(socket: LiveSocket, joining: Joining) {
  const { topicOf, log } = joining;
  limitSocket(socket, () => {
    joining.recheck(socket).catch((err: unknown) => {
      log.warn({ err }, "could not recheck a live session");
    });
  });
  socket.on("subscribe", (wanted, reply) => {
    subscribe(socket, topicOf(wanted), joining).then(
      (result) => {
        if (typeof reply === "function") reply(result);
      },
      (err: unknown) => log.error({ err }, "a live subscription failed"),
    );
  });
  socket.on("unsubscribe", (wanted) => {
    const topic = topicOf(wanted);
    if (!topic) return;
    const { context } = socket.data;
    void socket.leave(roomFor(topic, context));
    void socket.leave(waitingRoomOf(topic, context.organization.id));
  });
}

async function subscribe(
  socket: LiveSocket,
  topic: TopicBase | undefined,
  { recheck: lookAgain, boards }: Joining,
): Promise<SubscribeReply> {
  if (!topic) return { ok: false, code: "validation_failed", message: "topic: does not exist" };
  if (!(await lookAgain(socket)) || !may(socket.data.context, topic))
    return { ok: false, code: "forbidden", message: "No right to watch this in this organization." };
  const { context } = socket.data;
  if (topic.kind === "rows" || topic.kind === "whole") await boards.join(socket, topic, context.organization);
  else await socket.join(roomFor(topic, context));
  return { ok: true };
}
