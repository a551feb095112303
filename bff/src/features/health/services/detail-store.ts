import type { ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import { within } from "#lib/time/deadline.ts";

type Instances = ServiceDetail["instances"];

const detailsKey = "wheelhouse:observe:service-details";
const keptForSeconds = 3_600;
const answerWithinMs = 1_000;

// Written by a Wheelhouse of the same version of the format, as the ticks are.
const instances = z.custom<Instances>(
  (value) => z.array(z.looseObject({ id: z.string() })).safeParse(value).success,
);

/** What the instances of services told last, from the process that asks them to those that serve pages. */
export function createDetailStore({ redis, log }: { redis: Redis; log: Logger }) {
  const failed = (err: unknown) => log.debug({ err }, "details of services could not be kept");
  return {
    /** Keeps what is new, and waits for nothing. */
    keep(details: ReadonlyMap<string, Instances>) {
      if (details.size === 0) return;
      const fields = [...details].flatMap(([id, detail]) => [id, JSON.stringify(detail)]);
      redis
        .pipeline()
        .hset(detailsKey, ...fields)
        .expire(detailsKey, keptForSeconds)
        .exec()
        .catch(failed);
    },
    /** Empty when nothing is known, or Redis cannot be asked. */
    async read(id: string): Promise<Instances> {
      try {
        const text = await within(answerWithinMs, redis.hget(detailsKey, id));
        return text === null ? [] : instances.parse(JSON.parse(text));
      } catch (err) {
        log.debug({ err }, "details of a service could not be read");
        return [];
      }
    },
  };
}
