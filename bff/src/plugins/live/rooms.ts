import type { TopicBase } from "@wheelhouse/shared/live/topic.ts";
import type { CollectorLost } from "@wheelhouse/shared/live.ts";
import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { RequestContext } from "#lib/http/request-context.ts";

/** A client's data is unknown until it has been checked. */
type Commands = {
  subscribe: (topic: unknown, reply: unknown) => void;
  unsubscribe: (topic: unknown) => void;
};
type Events = { [name: string]: (message: Uint8Array | CollectorLost) => void };
type SocketData = { context: RequestContext };

export type LiveServer = Server<Commands, Events, DefaultEventsMap, SocketData>;
export type LiveSocket = Socket<Commands, Events, DefaultEventsMap, SocketData>;

/** The room of all subscribers of a topic in one organization. */
export const roomOf = (topic: TopicBase, organizationId: string) => `${topic.name}:${organizationId}`;

/** The room of one person in one organization. */
export const personalRoomOf = (topic: TopicBase, organizationId: string, userId: string) =>
  `${topic.name}:${organizationId}:${userId}`;

/** The room that a socket with this context may join, derived from its session alone. */
export const roomFor = (topic: TopicBase, { actor, organization }: RequestContext) =>
  topic.kind === "personal"
    ? personalRoomOf(topic, organization.id, actor.id ?? "")
    : roomOf(topic, organization.id);

/** The room of sockets waiting for their first snapshot. */
export const waitingRoomOf = (topic: TopicBase, organizationId: string) =>
  `first:${topic.name}:${organizationId}`;

/** The number of this process's sockets in a room. */
export const membersOf = (io: LiveServer, room: string) => io.of("/").adapter.rooms.get(room)?.size ?? 0;
