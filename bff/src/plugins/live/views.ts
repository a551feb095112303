import type { LiveRow, Observed } from "@wheelhouse/shared/live/topic.ts";
import { z } from "zod";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import type { Encoded } from "./encode.ts";

/** A topic's complete content; topics of rows have `items`. */
export type LiveWhole = Observed & { items?: readonly LiveRow[] };

/** The parts of the newest tick that live updates read. All answers of one tick are the same objects. */
export type LiveViews = {
  /** Increases by one with each tick. */
  seq(): number;
  /** When the newest tick was observed; null before the first. */
  observedAt(): string | null;
  /** When the last tick arrived, by this process's clock; null before the first. */
  heardAtMs(): number | null;
  onTick(listener: () => void): () => void;
  list(topic: string, organization: OrganizationKey): LiveWhole;
  encoded(topic: string, organization: OrganizationKey): Encoded;
};

// Lists of topics carry their age, and rows with ids.
const whole = z.custom<LiveWhole>((value) => typeof value === "object" && value !== null);

/** The only place where live updates access the snapshots. */
export const createLiveViews = (snapshots: SnapshotStore): LiveViews => ({
  seq: snapshots.seq,
  observedAt: () => snapshots.tick()?.head.observedAt ?? null,
  heardAtMs: snapshots.heardAtMs,
  onTick: snapshots.onTick,
  list: (topic, organization) => whole.parse(snapshots.viewsOf(organization).list(topic)),
  encoded: (topic, organization) => snapshots.viewsOf(organization).encoded(topic),
});
