import { z } from "zod";
import type { Clock } from "#lib/time/clock.ts";
import type { Aspect, NoteTrends, ObservedChange, OrganizationKey } from "#observe/aspect.ts";
import { noRows, observationsOf, type Tick, tickSchema } from "#observe/tick/tick.ts";
import { createTrends } from "./trends.ts";
import { createViews, type Divided, divide, type Views } from "./views.ts";

const mostChanges = 300;
/** How long a leader that lost its lease without noticing is ignored after its successor's last tick. */
const oldTermMs = 10_000;

const kept = z.object({
  tick: tickSchema,
  trends: z.unknown(),
  hour: z.unknown().optional(),
  changes: z.custom<ObservedChange[]>(Array.isArray),
});

/**
 * The single place from which observations are read: the newest tick, recent trends and recent changes, divided by
 * organization and encoded at most once per tick for all readers.
 */
export function createSnapshotStore({
  aspects,
  clock,
  intervalMs,
}: {
  aspects: readonly Aspect[];
  clock: Clock;
  intervalMs: number;
}) {
  const trends = createTrends();
  const hour = createTrends({ stepMs: 60_000, keeps: "largest" });
  const listeners = new Set<(tick: Tick) => void>();
  let current: Divided | null = null;
  let previous: Divided | null = null;
  let changes: ObservedChange[] = [];
  let seq = 0;
  let heardAtMs: number | null = null;
  let views = new Map<string, Views>();

  const remember = (tick: Tick) => {
    const atMs = Date.parse(tick.head.observedAt);
    const note: NoteTrends = {
      recent: (key, value) => trends.add(key, atMs, value),
      hour: (key, value) => hour.add(key, atMs, value),
    };
    const seen = observationsOf(tick);
    for (const aspect of aspects) aspect.trends?.(tick.rows[aspect.key] ?? noRows, seen, note);
    trends.prune(atMs);
    hour.prune(atMs);
  };

  return {
    /** False if the tick comes from a leader that has been replaced. */
    ingest(tick: Tick): boolean {
      const nowMs = clock.now();
      const { term, changes: newest } = tick.head;
      const succeeded =
        current !== null &&
        term < current.tick.head.term &&
        heardAtMs !== null &&
        nowMs - heardAtMs < oldTermMs;
      if (succeeded && term > 0) return false;
      previous = current;
      current = divide(tick);
      seq += 1;
      heardAtMs = nowMs;
      changes = [...newest.toReversed(), ...changes].slice(0, mostChanges);
      views = new Map();
      remember(tick);
      for (const listener of listeners) listener(tick);
      return true;
    },
    tick: (): Tick | null => current?.tick ?? null,
    /** Increases by one with each tick that this process serves. */
    seq: () => seq,
    /** When the last tick arrived, by this process's clock; null before the first. */
    heardAtMs: () => heardAtMs,
    onTick(listener: (tick: Tick) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** What one organization may see of the newest tick. */
    viewsOf(organization: OrganizationKey): Views {
      const made =
        views.get(organization.id) ??
        createViews({ aspects, organization, current, previous, changes, trends, hour, intervalMs });
      views.set(organization.id, made);
      return made;
    },
    keep: () => ({ tick: current?.tick ?? null, trends: trends.keep(), hour: hour.keep(), changes }),
    /** Restores what a previous process stored. It is served with its original time. */
    restore(text: unknown) {
      const parsed = kept.safeParse(text);
      if (!parsed.success) return;
      const { tick } = parsed.data;
      trends.restore(parsed.data.trends);
      hour.restore(parsed.data.hour);
      changes = [...changes, ...parsed.data.changes].slice(0, mostChanges);
      current ??= divide({ ...tick, head: { ...tick.head, term: 0, changes: [] } });
      views = new Map();
    },
  };
}
export type SnapshotStore = ReturnType<typeof createSnapshotStore>;
