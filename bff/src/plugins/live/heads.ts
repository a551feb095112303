import type { TopicBase } from "@wheelhouse/shared/live/topic.ts";
import type { Logger } from "pino";
import type { LiveList } from "#plugins/live-lists.ts";
import { encodeMessage } from "./encode.ts";
import { type LiveServer, membersOf, roomOf } from "./rooms.ts";

const everyMs = 1_000;

/**
 * Topics of paged lists: changes are sent once a second at most, read once for all subscribers, and not at all without
 * any.
 * @returns how to stop.
 */
export function sendHeads(deps: {
  io: LiveServer;
  topics: readonly TopicBase[];
  lists: { readonly [topic: string]: LiveList<unknown> };
  sentAt(): string;
  log: Logger;
}) {
  const { io, topics, lists, sentAt, log } = deps;
  const sending = new Set<string>();
  const send = async (topic: TopicBase, list: LiveList<unknown>, organizationId: string) => {
    const room = roomOf(topic, organizationId);
    if (membersOf(io, room) === 0) return list.forget(organizationId);
    if (sending.has(room)) return;
    sending.add(room);
    try {
      const next = await list.next(organizationId);
      if (!next) return;
      const head = { kind: "heads", newCount: next.newCount, sentAt: sentAt() } as const;
      io.to(room).emit(topic.name, encodeMessage(head, next.heads));
    } catch (err) {
      log.debug({ err, topic: topic.name }, "heads of a list could not be read");
    } finally {
      sending.delete(room);
    }
  };
  const timer = setInterval(() => {
    for (const topic of topics) {
      const list = lists[topic.name];
      for (const organizationId of list?.organizations() ?? [])
        if (list) void send(topic, list, organizationId);
    }
  }, everyMs);
  return () => clearInterval(timer);
}
