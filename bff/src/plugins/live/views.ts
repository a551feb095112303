import type { LiveRow, Observed } from "@wheelhouse/shared/live/topic.ts";
import { z } from "zod";
import type { Encodings as Encoded, OrganizationKey } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";

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

// Lists of topics carry their age, and rows with ids.
const whole = z.custom<LiveWhole>((value) => typeof value === "object" && value !== null);

/** The one place at which live updates touch the snapshots. */
export const createLiveViews = (snapshots: SnapshotStore): LiveViews => ({
  seq: snapshots.seq,
  observedAt: () => snapshots.tick()?.head.observedAt ?? null,
  heardAtMs: snapshots.heardAtMs,
  onTick: snapshots.onTick,
  list: (topic, organization) => whole.parse(snapshots.viewsOf(organization).list(topic)),
  encoded: (topic, organization) => snapshots.viewsOf(organization).encoded(topic),
});
