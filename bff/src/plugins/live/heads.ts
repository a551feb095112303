import { gzipSync } from "node:zlib";
import { encodeMessage } from "@wheelhouse/shared/live/message.ts";
import type { Heads, TopicBase } from "@wheelhouse/shared/live/topic.ts";
import type { Logger } from "pino";
import type { EventName, Events } from "#lib/events.ts";
import { createRowChanges } from "#lib/events.ts";
import { type LiveServer, membersOf, roomOf } from "./rooms.ts";

const everyMs = 1_000;

/**
 * Sends topics of paged lists: at most one message a second, read once for all subscribers, and never
 * without any.
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
      io.to(room).emit(topic.name, encodeMessage(head, next.heads, gzipSync));
    } catch (err) {
      log.debug({ err, topic: topic.name }, "could not read list changes");
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

/** Reads rows of an organization's list by id, newest first. */
type ReadHeads<T> = (organizationId: string, ids: readonly string[]) => Promise<T[]>;

/** The list whose rows change with an event. */
export function createEventList<T>(events: Events, event: EventName, read: ReadHeads<T>): LiveList<T> {
  const list = createLiveList(read);
  events.on(event, ({ organizationId, ids, created }) => list.changed(organizationId, ids, created));
  return list;
}

/**
 * Collects a list's changes per organization until the next message: at most 50 ids, with the rest counted.
 * Rows are read when the message is sent, once for all subscribers.
 */
export function createLiveList<T>(read: ReadHeads<T>) {
  const changes = createRowChanges();
  return {
    /** Records changed rows, newest last, and how many of them are new. */
    changed(organizationId: string, ids: readonly string[], created: number) {
      changes.add({ organizationId, ids, created });
    },
    /** Discards the changes of an organization without subscribers. */
    forget: changes.forget,
    organizations: changes.organizations,
    /** The changes since the last call, or null. */
    async next(organizationId: string): Promise<Omit<Heads<T>, "sentAt"> | null> {
      const waiting = changes.take(organizationId);
      if (!waiting) return null;
      // Changes that cannot be read now are dropped; clients see them on their next fetch.
      return { newCount: waiting.created, heads: await read(organizationId, waiting.ids.toReversed()) };
    },
  };
}
export type LiveList<T> = ReturnType<typeof createLiveList<T>>;
