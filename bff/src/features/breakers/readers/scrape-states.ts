import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import { within } from "#lib/time/deadline.ts";

const statesKey = "wheelhouse:observe:scrapes";
const keptForSeconds = 3_600;
const answerWithinMs = 1_000;

const state = z.object({
  /** Time of the last successful scrape; null when there was none. */
  observedAt: z.string().nullable(),
  /** Why the last scrape failed; null when it succeeded. */
  failure: z.string().nullable(),
  /** Why a successful scrape contained no breaker; null when it did. */
  nothing: z.string().nullable().default(null),
});
export type ScrapeState = z.infer<typeof state>;

/** Results of the last scrapes, passed from the scraping process to those that serve pages. */
export function createScrapeStates({ redis, log }: { redis: Redis; log: Logger }) {
  return {
    /** By id of the source. Stores what is new, without waiting. */
    keep(states: ReadonlyMap<string, ScrapeState>) {
      if (states.size === 0) return;
      const fields = [...states].flatMap(([id, each]) => [id, JSON.stringify(each)]);
      redis
        .pipeline()
        .hset(statesKey, ...fields)
        .expire(statesKey, keptForSeconds)
        .exec()
        .catch((err: unknown) => log.debug({ err }, "scrape results could not be stored"));
    },
    /** Omits unknown ones; empty while Redis is unavailable. */
    async read(ids: readonly string[]): Promise<ReadonlyMap<string, ScrapeState>> {
      if (ids.length === 0) return new Map();
      try {
        const texts = await within(answerWithinMs, redis.hmget(statesKey, ...ids));
        return new Map(
          texts.flatMap((text, at): [string, ScrapeState][] => {
            const id = ids[at];
            const read = text === null ? null : state.safeParse(JSON.parse(text)).data;
            return id === undefined || !read ? [] : [[id, read]];
          }),
        );
      } catch (err) {
        log.debug({ err }, "scrape results could not be read");
        return new Map();
      }
    },
  };
}
