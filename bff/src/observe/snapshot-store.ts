import { z } from "zod";
import type { Clock } from "#lib/clock.ts";
import { overallHitRatio } from "#observe/cache-problem.ts";
import { createOrganizationViews, type OrganizationViews } from "#observe/organization-views.ts";
import type { Tick } from "#observe/tick.ts";
import { createTrends, type Trends } from "#observe/trends.ts";
import type { OrganizationKey } from "#observe/watched.ts";

const mostChanges = 300;
/** A leader that lost its lease without noticing is not believed so long after the new one was heard. */
const oldTermMs = 10_000;

const kept = z.object({
  tick: z.custom<Tick>((value) => z.looseObject({ version: z.literal(1) }).safeParse(value).success),
  trends: z.unknown(),
  hour: z.unknown().optional(),
  changes: z.custom<Tick["changes"]>(Array.isArray),
});

/**
 * The one place from which observations are read: the newest tick, the trends of the last minutes and the recent
 * changes, given out per organization and encoded at most once a tick however many read them.
 */
export function createSnapshotStore({ clock, intervalMs }: { clock: Clock; intervalMs: number }) {
  const trends = createTrends();
  const hour = createTrends({ stepMs: 60_000, keeps: "largest" });
  const listeners = new Set<(tick: Tick) => void>();
  let current: Tick | null = null;
  let previous: Tick | null = null;
  let changes: Tick["changes"] = [];
  let seq = 0;
  let heardAtMs: number | null = null;
  let views = new Map<string, OrganizationViews>();

  const remember = (tick: Tick) => {
    const atMs = Date.parse(tick.observedAt);
    for (const queue of tick.queues) {
      const known = queue.state !== "unknown";
      trends.add(`waiting:${queue.id}`, atMs, known ? queue.counts.waiting + queue.counts.prioritized : null);
      trends.add(`completed:${queue.id}`, atMs, queue.completedPerMinute);
    }
    rememberServers(trends, tick, atMs);
    for (const { organization, id, state, hitRatio } of tick.caches)
      trends.add(`ratio:${organization}:${id}`, atMs, state === "unknown" ? null : hitRatio);
    for (const { id, slug } of tick.organizations) {
      const caches = tick.caches.filter(({ organization }) => organization === slug);
      if (caches.length > 0) trends.add(`hits:${id}`, atMs, overallHitRatio(caches));
    }
    for (const [id, figures] of Object.entries(tick.webhooks.value)) {
      const known = !tick.webhooks.failing;
      trends.add(`attempts:${id}`, atMs, known ? figures.attemptsPerSecond : null);
      trends.add(`errors:${id}`, atMs, known ? figures.errorRatio : null);
      trends.add(`duration:${id}`, atMs, known ? figures.durationMsP95 : null);
      trends.add(`delivered:${id}`, atMs, known ? figures.deliveredPerSecond : null);
    }
    for (const { id, organization, state, failureRatio, failedPerMinute } of tick.breakers) {
      const isHeard = state !== "unknown";
      trends.add(`failureRatio:${organization}/${id}`, atMs, isHeard ? failureRatio : null);
      trends.add(`failedPerMinute:${organization}/${id}`, atMs, isHeard ? failedPerMinute : null);
    }
    trends.prune(atMs);
    for (const { id, state, latencyMs } of tick.services)
      hour.add(`latency:${id}`, atMs, state === "down" || state === "unknown" ? null : latencyMs);
    hour.prune(atMs);
  };

  return {
    /** False when the tick comes from a leader that has been succeeded. */
    ingest(tick: Tick): boolean {
      const nowMs = clock.now();
      const succeeded =
        current !== null && tick.term < current.term && heardAtMs !== null && nowMs - heardAtMs < oldTermMs;
      if (succeeded && tick.term > 0) return false;
      previous = current;
      current = tick;
      seq += 1;
      heardAtMs = nowMs;
      changes = [...tick.changes.toReversed(), ...changes].slice(0, mostChanges);
      views = new Map();
      remember(tick);
      for (const listener of listeners) listener(tick);
      return true;
    },
    tick: (): Tick | null => current,
    /** Rises by one with each tick that this process serves. */
    seq: () => seq,
    /** When a tick came in last, by this process' clock; null before the first. */
    heardAtMs: () => heardAtMs,
    onTick(listener: (tick: Tick) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** What one organization may see, as of the newest tick. */
    viewsOf(organization: OrganizationKey): OrganizationViews {
      const made =
        views.get(organization.id) ??
        createOrganizationViews({ organization, tick: current, previous, changes, trends, hour, intervalMs });
      views.set(organization.id, made);
      return made;
    },
    keep: () => ({ tick: current, trends: trends.keep(), hour: hour.keep(), changes }),
    /** Takes over what a process before this one has kept. It is served with its own, old date. */
    restore(text: unknown) {
      const parsed = kept.safeParse(text);
      if (!parsed.success) return;
      trends.restore(parsed.data.trends);
      hour.restore(parsed.data.hour);
      changes = [...changes, ...parsed.data.changes].slice(0, mostChanges);
      current ??= { ...parsed.data.tick, term: 0, changes: [] };
      views = new Map();
    },
  };
}
export type SnapshotStore = ReturnType<typeof createSnapshotStore>;

function rememberServers(trends: Trends, tick: Tick, atMs: number) {
  const latencies = new Map(tick.redisDetails.map(({ id, latency }) => [id, latency?.all.p99Ms ?? null]));
  for (const { id, state, redis } of tick.servers) {
    const add = (figure: string, value: number | null | undefined) =>
      trends.add(`${figure}:${id}`, atMs, state === "down" ? null : (value ?? null));
    add("memory", redis?.usedMemoryBytes);
    if (!redis) continue;
    add("commands", redis.opsPerSecond);
    add("fragmentation", redis.fragmentationRatio);
    add("evicted", redis.evictedPerSecond);
    add("clients", redis.connectedClients);
    add("latency", latencies.get(id));
  }
}
