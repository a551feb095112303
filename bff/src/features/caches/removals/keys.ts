import type { RemovalBy } from "@wheelhouse/shared/caches/removals.ts";
import { globMatch } from "@wheelhouse/shared/reporter/glob.ts";
import type { Redis } from "ioredis";

/** Keys per SCAN command, and so about the maximum per UNLINK: well under a millisecond. */
const scanCount = 200;
const examplesMax = 5;

export type KeyRange = { by: Exclude<RemovalBy, "tag">; prefix: string; value: string };

/** The MATCH pattern of SCAN, for everything except single keys; user input always comes after the prefix. */
const matchOf = ({ by, prefix, value }: KeyRange): string =>
  by === "prefix" ? `${globMatch(`${prefix}${value}`, "*")}` : globMatch(prefix, value);

/** Counts keys for at most `budgetMs` and extrapolates the rest. Read-only. */
export async function countKeys(
  redis: Pick<Redis, "exists" | "scan" | "dbsize">,
  range: KeyRange,
  budgetMs: number,
) {
  if (range.by === "key") {
    const key = `${range.prefix}${range.value}`;
    const count = await redis.exists(key);
    return { count, isEstimate: false, looked: 1, totalKeys: 1, examples: count === 0 ? [] : [key] };
  }
  const match = matchOf(range);
  const totalKeys = await redis.dbsize();
  const endMs = performance.now() + budgetMs;
  const examples: string[] = [];
  let [cursor, found, looked] = ["0", 0, 0];
  do {
    const [next, keys] = await redis.scan(cursor, "MATCH", match, "COUNT", scanCount);
    cursor = next;
    found += keys.length;
    looked += scanCount;
    examples.push(...keys.slice(0, examplesMax - examples.length));
  } while (cursor !== "0" && performance.now() < endMs);
  const isWhole = cursor === "0";
  const seen = isWhole ? totalKeys : Math.min(looked, totalKeys);
  const count = isWhole ? found : Math.round(found * (totalKeys / Math.max(1, seen)));
  return { count, isEstimate: !isWhole, looked: seen, totalKeys, examples };
}

/**
 * Runs one SCAN and at most one UNLINK from `place` on; UNLINK frees memory in the background.
 * @returns the next place, null at the end.
 */
export async function removeSome(
  redis: Pick<Redis, "scan" | "unlink">,
  range: KeyRange,
  place: string,
): Promise<{ place: string | null; looked: number; removed: number }> {
  if (range.by === "key")
    return { place: null, looked: 1, removed: await redis.unlink(`${range.prefix}${range.value}`) };
  const [next, keys] = await redis.scan(place, "MATCH", matchOf(range), "COUNT", scanCount);
  const removed = keys.length === 0 ? 0 : await redis.unlink(keys);
  return { place: next === "0" ? null : next, looked: scanCount, removed };
}
