import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import { within } from "#lib/time/deadline.ts";

const statesKey = "wheelhouse:observe:scrapes";
const keptForSeconds = 3_600;
const answerWithinMs = 1_000;

const state = z.object({
  /** When it gave its metrics last; null when it never did. */
  observedAt: z.string().nullable(),
  /** Why the last scrape gave none; null when it did. */
  failure: z.string().nullable(),
  /** Why it tells of no breaker although it was read; null when it does. */
  nothing: z.string().nullable().default(null),
});
export type ScrapeState = z.infer<typeof state>;

/** How the last scrape of each place went, from the process that scrapes to those that serve pages. */
export function createScrapeStates({ redis, log }: { redis: Redis; log: Logger }) {
  return {
    /** By id of the source. Keeps what is new, and waits for nothing. */
    keep(states: ReadonlyMap<string, ScrapeState>) {
      if (states.size === 0) return;
      const fields = [...states].flatMap(([id, each]) => [id, JSON.stringify(each)]);
      redis
        .pipeline()
        .hset(statesKey, ...fields)
        .expire(statesKey, keptForSeconds)
        .exec()
        .catch((err: unknown) => log.debug({ err }, "how scrapes went could not be kept"));
    },
    /** Without what is not known; empty while Redis cannot be asked. */
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
        log.debug({ err }, "how scrapes went could not be read");
        return new Map();
      }
    },
  };
}
