import type { LiveRow, Observed } from "@wheelhouse/shared/live/topic.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";
import type { OrganizationKey } from "#observe/watched.ts";
import type { Encoded } from "./encode.ts";

/** The whole of a topic; topics of rows have `items`. */
export type LiveWhole = Observed & { items?: readonly LiveRow[] };

/** What live updates read of the newest tick. All answers of one tick are the same objects. */
export type LiveViews = {
  /** Rises by one with each tick. */
  seq(): number;
  /** When the newest tick was observed; null before the first. */
  observedAt(): string | null;
  /** When a tick came in last, by this process' clock; null before the first. */
  heardAtMs(): number | null;
  onTick(listener: () => void): () => void;
  list(topic: string, organization: OrganizationKey): LiveWhole;
  encoded(topic: string, organization: OrganizationKey): Encoded;
};

const boards = ["overview", "health", "breakers", "caches", "queues"] as const;

/** The one place at which live updates touch the snapshots. */
export function createLiveViews(snapshots: SnapshotStore): LiveViews {
  const boardOf = (topic: string) => {
    const board = boards.find((each) => each === topic);
    if (board === undefined) throw new Error(`nothing is observed for the topic ${topic}`);
    return board;
  };
  return {
    seq: snapshots.seq,
    observedAt: () => snapshots.tick()?.observedAt ?? null,
    heardAtMs: snapshots.heardAtMs,
    onTick: snapshots.onTick,
    list: (topic, organization) => snapshots.viewsOf(organization)[boardOf(topic)](),
    encoded: (topic, organization) => snapshots.viewsOf(organization)[`${boardOf(topic)}Json`],
  };
}
