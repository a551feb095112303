import type { RedisDetail } from "@wheelhouse/shared/caches/caches.ts";

export type KeyspaceSample = NonNullable<RedisDetail["keyspace"]>;
type Tally = { keys: number; bytes: number };
type Prefix = Tally & { parts: Map<string, Tally> | null };

const mostPrefixes = 12;
/** A prefix with at most this many parts is shown by part. */
const mostParts = 8;
/** Names kept while sampling; keys of further names count as others. */
const mostNames = 1_000;
const longestName = 80;
const noPrefix = "(no prefix)";
const minuteMs = 60_000;
const ttlEndsMs = [
  minuteMs,
  10 * minuteMs,
  60 * minuteMs,
  360 * minuteMs,
  1440 * minuteMs,
  10_080 * minuteMs,
];

/** Number of places of a distribution of times to live: without expiry, below each bound, and above the last. */
export const timePlaces = ttlEndsMs.length + 2;

/** The place of an answer of PTTL (−1 for a key without expiry); null for a key that is gone. */
export function timeToLivePlace(ttlMs: number): number | null {
  if (ttlMs < -1) return null;
  if (ttlMs === -1) return 0;
  const end = ttlEndsMs.findIndex((endMs) => ttlMs < endMs);
  return (end === -1 ? ttlEndsMs.length : end) + 1;
}

/** Collects sampled keys in bounded memory, whatever their names, and estimates the whole keyspace. */
export function createKeyTally() {
  const prefixes = new Map<string, Prefix>();
  const beyond: Tally & { names: number } = { keys: 0, bytes: 0, names: 0 };
  const ttl = Array<number>(timePlaces).fill(0);
  let sampled = 0;
  let ttlSampled = 0;

  const addTo = (tally: Tally, bytes: number) => {
    tally.keys += 1;
    tally.bytes += bytes;
  };

  return {
    sampled: () => sampled,
    add(key: string, bytes: number) {
      sampled += 1;
      const [first = "", second] = key.split(":", 3);
      const name = key.includes(":") ? first.slice(0, longestName) : noPrefix;
      let prefix = prefixes.get(name);
      if (!prefix) {
        if (prefixes.size >= mostNames) {
          beyond.names += 1;
          addTo(beyond, bytes);
          return;
        }
        prefix = { keys: 0, bytes: 0, parts: new Map() };
        prefixes.set(name, prefix);
      }
      addTo(prefix, bytes);
      if (!prefix.parts || name === noPrefix) return;
      // A key that ends here has no further part, so the prefix is shown as a whole.
      const isPart = second !== undefined && key.length > first.length + second.length + 1;
      const part = isPart ? (prefix.parts.get(second) ?? { keys: 0, bytes: 0 }) : null;
      if (!part || (prefix.parts.size >= mostParts && part.keys === 0)) {
        prefix.parts = null;
        return;
      }
      addTo(part, bytes);
      prefix.parts.set(String(second), part);
    },
    /** `ttlMs`: as returned by PTTL, −1 for a key without expiry. */
    addTimeToLive(ttlMs: number) {
      const at = timeToLivePlace(ttlMs);
      if (at === null) return;
      ttlSampled += 1;
      ttl[at] = (ttl[at] ?? 0) + 1;
    },
    estimate(totalKeys: number): Pick<KeyspaceSample, "prefixes" | "others" | "timeToLive"> {
      const factor = sampled === 0 ? 0 : Math.max(1, totalKeys / sampled);
      const all = [...prefixes]
        .flatMap(([name, prefix]): [string, Tally][] =>
          prefix.parts && prefix.parts.size > 1
            ? [...prefix.parts].map(([part, tally]) => [`${name}:${part.slice(0, longestName)}:`, tally])
            : [[name === noPrefix ? name : `${name}:`, prefix]],
        )
        .sort(([, a], [, b]) => b.bytes - a.bytes);
      const rest = all.slice(mostPrefixes);
      const restKeys = rest.reduce((sum, [, { keys }]) => sum + keys, beyond.keys);
      const restBytes = rest.reduce((sum, [, { bytes }]) => sum + bytes, beyond.bytes);
      const figures = ({ keys, bytes }: Tally) => ({
        keys: Math.round(keys * factor),
        meanBytes: keys === 0 ? 0 : Math.round(bytes / keys),
        bytes: Math.round(bytes * factor),
      });
      return {
        prefixes: all.slice(0, mostPrefixes).map(([prefix, tally]) => ({ prefix, ...figures(tally) })),
        others:
          restKeys === 0
            ? null
            : { prefixes: rest.length + beyond.names, ...figures({ keys: restKeys, bytes: restBytes }) },
        timeToLive: {
          sampledKeys: ttlSampled,
          shares: ttl.map((count) => (ttlSampled === 0 ? 0 : count / ttlSampled)),
        },
      };
    },
  };
}
