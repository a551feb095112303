import type { Redis } from "ioredis";
import { z } from "zod";
import { loadLua, runLua } from "./lua.ts";

const countInWindow = loadLua(new URL("./count-in-window.lua", import.meta.url));
const reply = z.tuple([z.number(), z.number()]).transform(([count, resetMs]) => ({ count, resetMs }));

/** The window for an organization's changes and exports. */
export const actWindowMs = 3_600_000;

/**
 * What is counted: changes and exports per organization, failures per client address or per account and address,
 * changes of the default organization per person, trials of addresses per organization, and pushed metrics per token.
 */
export type RateKind =
  | "mutations"
  | "organization-switches"
  | "intake-addresses"
  | "sign-in-addresses"
  | "sign-in-accounts"
  | "source-trials"
  | "pushes";

const counterKey = (kind: RateKind, name: string) => `wheelhouse:rate:${kind}:${name}`;
const indexKey = (kind: RateKind) => `wheelhouse:rate-index:${kind}`;

/**
 * Adds to a counter that Redis drops `windowMs` after its first count.
 * @returns the new count, and the time until it resets.
 * @throws if Redis cannot be reached.
 */
export const addToWindow = async (
  redis: Redis,
  { kind, name }: { kind: RateKind; name: string },
  amount: number,
  windowMs: number,
) =>
  reply.parse(
    await runLua(redis, countInWindow, {
      keys: [counterKey(kind, name), indexKey(kind)],
      args: [amount, windowMs, name],
    }),
  );

const examinedMax = 200;

/**
 * The highest counters of a kind, for display. Removes those whose window has ended.
 * @throws if Redis cannot be reached.
 */
export async function highestWindows(redis: Redis, kind: RateKind, limit: number) {
  const names = await redis.zrevrange(indexKey(kind), 0, examinedMax - 1);
  return (await readWindows(redis, kind, names)).slice(0, limit);
}

/**
 * Counters by name, without those that are currently empty.
 * @throws if Redis cannot be reached.
 */
export async function readWindows(redis: Redis, kind: RateKind, names: readonly string[]) {
  if (names.length === 0) return [];
  const [counts, ...lefts] = await Promise.all([
    redis.mget(names.map((name) => counterKey(kind, name))),
    ...names.map((name) => redis.pttl(counterKey(kind, name))),
  ]);
  const over = names.filter((_, at) => counts[at] === null);
  if (over.length > 0) await redis.zrem(indexKey(kind), ...over);
  return names
    .map((name, at) => ({ name, count: Number(counts[at] ?? 0), resetMs: Math.max(0, lefts[at] ?? 0) }))
    .filter(({ count }) => count > 0);
}
