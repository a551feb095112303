import type { RedisDetail } from "@wheelhouse/shared/caches/caches.ts";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Clock } from "#lib/time/clock.ts";

type SlowLog = NonNullable<RedisDetail["slowLog"]>;
/** Positions of a command's keys among its arguments: first, last (negative: from the end), step. */
export type KeyPlaces = { first: number; last: number; step: number };

const asked = 128;
const mostShown = 32;
const longestWord = 60;
const mostKeys = 4;
/** Commands with numeric positions and counts, which show how much was requested. */
const ranges = new Set([
  "SCAN",
  "HSCAN",
  "SSCAN",
  "ZSCAN",
  "LRANGE",
  "ZRANGE",
  "ZREVRANGE",
  "LTRIM",
  "XRANGE",
]);
const scripts = new Set(["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"]);

const entry = z.tuple([z.number(), z.number(), z.number(), z.array(z.string())]).rest(z.unknown());
const commandInfo = z.array(
  z
    .tuple([z.string(), z.number(), z.unknown(), z.number(), z.number(), z.number()])
    .rest(z.unknown())
    .nullable(),
);

const cut = (word: string) => (word.length > longestWord ? `${word.slice(0, longestWord)}…` : word);

/** A logged command as it may be shown: its name, keys and range counts; values and scripts are cut. */
export function shownCommand(words: readonly string[], places: KeyPlaces | undefined): string {
  const name = (words[0] ?? "").toUpperCase();
  const keyAt = keyIndexes(name, words, places);
  const shown = [cut(name)];
  let isCut = false;
  let keys = 0;
  words.forEach((word, index) => {
    if (index === 0) return;
    const isKey = keyAt.has(index) && keys < mostKeys;
    if (isKey) keys += 1;
    const isRange = ranges.has(name) && /^(-?\d+|COUNT)$/i.test(word);
    if (isKey || isRange) {
      if (isCut) shown.push("…");
      isCut = false;
      shown.push(cut(word));
    } else isCut = true;
  });
  if (isCut) shown.push("…");
  return shown.join(" ");
}

function keyIndexes(name: string, words: readonly string[], places: KeyPlaces | undefined): Set<number> {
  if (scripts.has(name)) {
    const count = Number(words[2]);
    return new Set(
      Array.from({ length: Number.isInteger(count) ? Math.min(count, 100) : 0 }, (_, at) => at + 3),
    );
  }
  if (!places || places.first < 1) return new Set();
  const last = places.last < 0 ? words.length + places.last : places.last;
  const indexes = new Set<number>();
  for (let at = places.first; at <= last && at < words.length; at += Math.max(1, places.step))
    indexes.add(at);
  return indexes;
}

/** Reads the slow log of one server. Key positions are asked from the server, once per command. */
export function createSlowLogReader({
  redis,
  clock,
}: {
  redis: Pick<Redis, "call" | "config">;
  clock: Clock;
}) {
  const places = new Map<string, KeyPlaces | undefined>();

  const learn = async (names: readonly string[]) => {
    const unknown = [...new Set(names)].filter((name) => name !== "" && !places.has(name));
    if (unknown.length === 0) return;
    // Not every user may ask; then only command names are shown.
    const answer = await redis.call("COMMAND", "INFO", ...unknown).catch(() => []);
    const infos = commandInfo.safeParse(answer);
    unknown.forEach((name, index) => {
      const info = infos.success ? infos.data[index] : undefined;
      places.set(name, info ? { first: info[3], last: info[4], step: info[5] } : undefined);
    });
  };
  const threshold = async () => {
    const answer = await redis.config("GET", "slowlog-log-slower-than").catch(() => []);
    const micros = Number(z.array(z.string()).safeParse(answer).data?.[1] ?? Number.NaN);
    return Number.isFinite(micros) && micros >= 0 ? micros / 1_000 : null;
  };

  return {
    async read(): Promise<SlowLog> {
      const logged = z.array(entry).parse(await redis.call("SLOWLOG", "GET", asked));
      const newest = logged.slice(0, mostShown);
      const nameOf = (words: readonly string[]) => (words[0] ?? "").toLowerCase().slice(0, longestWord);
      await learn(newest.map(([, , , words]) => nameOf(words)));
      return {
        observedAt: new Date(clock.now()).toISOString(),
        thresholdMs: await threshold(),
        entries: newest.map(([id, seconds, micros, words]) => ({
          id,
          at: new Date(seconds * 1_000).toISOString(),
          tookMs: micros / 1_000,
          command: shownCommand(words, places.get(nameOf(words))),
        })),
      };
    },
  };
}
