import type { ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import { within } from "#lib/time/deadline.ts";

type Instances = ServiceDetail["instances"];

const detailsKey = "wheelhouse:observe:service-details";
const keptForSeconds = 3_600;
const answerWithinMs = 1_000;

// Written by a Wheelhouse with the same format version, like the ticks.
const instances = z.custom<Instances>(
  (value) => z.array(z.looseObject({ id: z.string() })).safeParse(value).success,
);

/** Details of service instances, passed from the process that checks them to those that serve pages. */
export function createDetailStore({ redis, log }: { redis: Redis; log: Logger }) {
  const failed = (err: unknown) => log.debug({ err }, "details of services could not be stored");
  return {
    /** Stores what is new, without waiting. */
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
    /** Empty when nothing is known, or Redis is unavailable. */
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
