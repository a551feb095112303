import type { ReportedCache } from "./report.ts";

const windowSeconds = 60;
const groupsCounted = 200;
const groupsTold = 30;
const otherGroups = "(others)";

type Level = ReportedCache["levels"][number]["level"];
type Second = {
  at: number;
  hits: Map<Level, number>;
  misses: number;
  sets: number;
  evictions: number;
  loads: number;
  loadMsTotal: number;
  coalesced: number;
  groups: Map<string, { hits: number; misses: number }>;
};
type Counted = Pick<
  ReportedCache,
  "windowMs" | "misses" | "sets" | "evictions" | "loads" | "loadMsTotal" | "groups"
> & { hitsAt(level: Level): number; coalesced: number };

const emptySecond = (at: number): Second => ({
  at,
  hits: new Map(),
  misses: 0,
  sets: 0,
  evictions: 0,
  loads: 0,
  loadMsTotal: 0,
  coalesced: 0,
  groups: new Map(),
});

/** First part of a key: `product:1042:en` counts for `product:*`. */
const groupOfKey = (key: string) => {
  const end = key.indexOf(":");
  return end <= 0 ? "(no group)" : `${key.slice(0, Math.min(end, 100))}:*`;
};

/**
 * Activity of a cache in the last 60 s, counted by the application, because a server's own figures mix all
 * its clients. Keys are kept as groups only, at most 200; further groups count as "(others)".
 */
export function createCacheCounters({
  now = Date.now,
  groupOf = groupOfKey,
}: {
  now?: () => number;
  groupOf?: (key: string) => string;
} = {}) {
  const startedMs = now();
  const known = new Set<string>();
  let seconds: Second[] = [];

  const current = () => {
    const at = Math.floor(now() / 1_000);
    const newest = seconds.at(-1);
    if (newest?.at === at) return newest;
    const second = emptySecond(at);
    seconds = [...seconds.filter((each) => each.at > at - windowSeconds && each.at < at), second];
    return second;
  };
  const groupIn = (second: Second, key: string) => {
    const named = groupOf(key);
    const name = known.has(named) || known.size < groupsCounted ? named : otherGroups;
    known.add(name);
    const group = second.groups.get(name) ?? { hits: 0, misses: 0 };
    second.groups.set(name, group);
    return group;
  };

  return {
    hit(level: Level, key: string) {
      const second = current();
      second.hits.set(level, (second.hits.get(level) ?? 0) + 1);
      groupIn(second, key).hits += 1;
    },
    /** No level had the key. */
    miss(key: string) {
      const second = current();
      second.misses += 1;
      groupIn(second, key).misses += 1;
    },
    set() {
      current().sets += 1;
    },
    evicted(count = 1) {
      current().evictions += count;
    },
    /** A filled miss, and its duration. */
    loaded(durationMs: number) {
      const second = current();
      second.loads += 1;
      second.loadMsTotal += durationMs;
    },
    /** A call that waited for another call's load; it also counts as a hit. */
    coalesced() {
      current().coalesced += 1;
    },
    read(): Counted {
      const oldest = Math.floor(now() / 1_000) - windowSeconds;
      const within = seconds.filter(({ at }) => at > oldest);
      const total = (of: (second: Second) => number) => within.reduce((sum, second) => sum + of(second), 0);
      const groups = new Map<string, { group: string; hits: number; misses: number }>();
      for (const second of within)
        for (const [group, { hits, misses }] of second.groups) {
          const sum = groups.get(group) ?? { group, hits: 0, misses: 0 };
          groups.set(group, { group, hits: sum.hits + hits, misses: sum.misses + misses });
        }
      return {
        windowMs: Math.max(0, Math.min(windowSeconds * 1_000, now() - startedMs)),
        hitsAt: (level) => total(({ hits }) => hits.get(level) ?? 0),
        misses: total(({ misses }) => misses),
        sets: total(({ sets }) => sets),
        evictions: total(({ evictions }) => evictions),
        loads: total(({ loads }) => loads),
        loadMsTotal: total(({ loadMsTotal }) => loadMsTotal),
        coalesced: total(({ coalesced }) => coalesced),
        groups: [...groups.values()]
          .sort((a, b) => b.hits + b.misses - (a.hits + a.misses) || a.group.localeCompare(b.group))
          .slice(0, groupsTold),
      };
    },
  };
}
export type CacheCounters = ReturnType<typeof createCacheCounters>;
