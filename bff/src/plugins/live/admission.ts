import { randomBytes } from "node:crypto";
import type { TopicBase } from "@wheelhouse/shared/live/topic.ts";
import type { Logger } from "pino";
import { z } from "zod";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SessionEnds } from "#lib/security/session-ends.ts";
import { type LiveServer, type LiveSocket, roomFor } from "./rooms.ts";

/** Identifies the caller and organization; runs at the handshake, at each subscribe and once a minute. */
export type Authenticate = (handshake: {
  cookieHeader: string | undefined;
  organization: string | undefined;
  origin: string | undefined;
  host: string | undefined;
  id: string;
  address: string | null;
  userAgent: string | null;
}) => Promise<RequestContext | AppError>;

const mostConnections = 10_000;
const handshakeAuth = z.object({ organization: z.string().min(1).max(100).optional() });

/** Whether a person may receive a topic in the connection's organization. */
export const may = ({ actor, organization }: RequestContext, { kind, capability }: TopicBase) =>
  (kind !== "personal" || actor.id !== null) && actor.can(capability).in(organization.id).check();

function identify(socket: LiveSocket, authenticate: Authenticate) {
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
}

/** Accepts only connections with a session, up to the limit of one process. */
export function guardHandshakes(
  io: LiveServer,
  { authenticate, log }: { authenticate: Authenticate; log: Logger },
) {
  io.use((socket, next) => {
    if (io.engine.clientsCount > mostConnections) return next(new Error("unavailable"));
    identify(socket, authenticate).then(
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
}

/**
 * Checks a socket's session again and removes it from rooms that it may no longer join.
 * @returns false if the socket was disconnected because its session is no longer valid
 */
export async function recheck(
  socket: LiveSocket,
  { authenticate, topics }: { authenticate: Authenticate; topics: readonly TopicBase[] },
): Promise<boolean> {
  const context = await identify(socket, authenticate);
  if (context instanceof AppError) {
    // An unavailable check changes nothing, because the session was valid before.
    if (context.code === "unavailable") return socket.connected;
    socket.disconnect(true);
    return false;
  }
  if (context.organization.id !== socket.data.context.organization.id) {
    // The session's default organization changed, but the socket's rooms still belong to the previous one.
    socket.disconnect(true);
    return false;
  }
  socket.data.context = context;
  for (const topic of topics) if (!may(context, topic)) void socket.leave(roomFor(topic, context));
  return socket.connected;
}

/**
 * Disconnects the sockets of a session or person that lost its rights.
 * @returns how to stop.
 */
export function cutEnded(io: LiveServer, sessionEnds: Pick<SessionEnds, "onEnded">) {
  return sessionEnds.onEnded((ended) => {
    for (const socket of io.of("/").sockets.values()) {
      const { id, sessionId } = socket.data.context.actor;
      if ("userId" in ended ? id === ended.userId : sessionId === ended.sessionId) socket.disconnect(true);
    }
  });
}
