import { gzipSync } from "node:zlib";
import { encodeMessage, encodeSnapshot } from "@wheelhouse/shared/live/message.ts";
import { patchRows, patchWhole } from "@wheelhouse/shared/live/patch.ts";
import type { LiveRow, Observed, TopicBase } from "@wheelhouse/shared/live/topic.ts";
import { z } from "zod";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { type LiveServer, type LiveSocket, membersOf, roomOf, waitingRoomOf } from "./rooms.ts";

/** The complete data of a topic; topics of rows have `items`. */
type LiveWhole = Observed & { items?: readonly LiveRow[] };
// A topic's list carries its age and has rows with ids.
const wholeSchema = z.custom<LiveWhole>((value) => typeof value === "object" && value !== null);

/** Subscribers that arrive within this time share one snapshot. */
const gatherMs = 25;

/**
 * Sends topics of observed rows: a snapshot to new subscribers, then changes to the whole room. Each
 * message is built and compressed once for all recipients.
 * @param onSnapshot runs for each room that receives a snapshot
 */
export function createBoards(deps: {
  io: LiveServer;
  topics: readonly TopicBase[];
  snapshots: Pick<SnapshotStore, "seq" | "viewsOf">;
  sentAt(): string;
  onSnapshot(room: string): void;
}) {
  const { io, topics, snapshots, sentAt, onSnapshot } = deps;
  const organizations = new Map<string, OrganizationKey>();
  /** The version that every member of a room has. */
  const held = new Map<string, { seq: number; whole: LiveWhole }>();

  const sendSnapshot = (topic: TopicBase, rooms: string[], organization: OrganizationKey) => {
    const head = { kind: "snapshot", seq: snapshots.seq(), sentAt: sentAt() } as const;
    io.to(rooms).emit(topic.name, encodeSnapshot(head, snapshots.viewsOf(organization).encoded(topic.name)));
    for (const room of rooms) onSnapshot(room);
  };

  const sendFirst = (topic: TopicBase, organization: OrganizationKey) => {
    const waiting = waitingRoomOf(topic, organization.id);
    if (membersOf(io, waiting) === 0) return;
    const room = roomOf(topic, organization.id);
    const whole = wholeSchema.parse(snapshots.viewsOf(organization).list(topic.name));
    // An earlier process's data may be restored between two ticks, so existing members may have a different
    // version.
    const isOther = membersOf(io, room) > 0 && held.get(room)?.whole !== whole;
    sendSnapshot(topic, isOther ? [waiting, room] : [waiting], organization);
    held.set(room, { seq: snapshots.seq(), whole });
    // Joining synchronously keeps a tick from coming between the snapshot and the first change.
    io.in(waiting).socketsJoin(room);
    io.in(waiting).socketsLeave(waiting);
  };

  const sendChanges = (topic: TopicBase, organization: OrganizationKey) => {
    const room = roomOf(topic, organization.id);
    const before = held.get(room);
    held.delete(room);
    if (membersOf(io, room) === 0) return;
    const seq = snapshots.seq();
    const whole = wholeSchema.parse(snapshots.viewsOf(organization).list(topic.name));
    held.set(room, { seq, whole });
    const { observedAt, intervalMs } = whole;
    // Without a previous tick, or if the room has another version, there is no base to compute changes
    // from.
    const patch =
      observedAt === null || before?.seq !== seq - 1 ? null : patchOf(topic, before.whole, whole, observedAt);
    if (observedAt === null || patch === null) return sendSnapshot(topic, [room], organization);
    const head = { kind: "changes", seq, observedAt, intervalMs, sentAt: sentAt() } as const;
    io.to(room).emit(topic.name, encodeMessage(head, patch, gzipSync));
  };

  return {
    /** Adds a socket to those waiting for a snapshot. */
    async join(socket: LiveSocket, topic: TopicBase, { id, slug }: OrganizationKey) {
      const organization = { id, slug };
      organizations.set(id, organization);
      // A repeated subscribe requests a snapshot, so the socket leaves the room until it is sent.
      await socket.leave(roomOf(topic, id));
      const waiting = waitingRoomOf(topic, id);
      const isFirst = membersOf(io, waiting) === 0;
      await socket.join(waiting);
      if (isFirst) setTimeout(() => sendFirst(topic, organization), gatherMs);
    },
    sendChanges() {
      for (const organization of organizations.values())
        for (const topic of topics) sendChanges(topic, organization);
    },
  };
}

const patchOf = (topic: TopicBase, before: LiveWhole, now: LiveWhole, observedAt: string) =>
  topic.kind === "rows"
    ? patchRows(before.items ?? [], now.items ?? [], observedAt)
    : patchWhole(before, now, observedAt);
