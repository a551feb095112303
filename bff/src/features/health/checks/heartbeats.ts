import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import { z } from "zod";
import { AppError } from "#lib/http/errors.ts";
import { isHeartbeatSecret } from "#lib/security/heartbeat-secret.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Catalogue } from "#observe/sources/sources.ts";
import { checkKey } from "./check-key.ts";

const hashKey = "wheelhouse:heartbeats";

const report = z
  .strictObject({
    status: z.enum(["ok", "degraded", "down"]).default("ok"),
    message: z.string().trim().min(1).max(300).nullable().default(null),
  })
  .default({ status: "ok", message: null });
const stored = z.object({
  atMs: z.number(),
  state: z.enum(["ok", "degraded", "down"]),
  message: z.string().nullable(),
});
export type Heartbeat = z.infer<typeof stored>;

export type Heartbeats = {
  /**
   * The latest heartbeat for each key, in the order of the keys; null without one. Rejects when Redis is
   * unavailable.
   */
  read(keys: readonly string[]): Promise<(Heartbeat | null)[]>;
};

export type HeartbeatsDeps = {
  catalogue: Catalogue;
  redis: Redis;
  /** Hash of an instance's secret; null when it has none, undefined while that is unknown. */
  hashOf(organization: string, serviceId: string, instance: string): Buffer | null | undefined;
  clock: Clock;
};

/**
 * Heartbeats of services that report by themselves: `POST` to a secret path. The latest of each instance is
 * kept in Redis.
 */
export function createHeartbeats({ catalogue, redis, hashOf, clock }: HeartbeatsDeps) {
  const watched = (serviceId: string, instance: string) =>
    catalogue
      .current()
      .services.find(
        ({ id, format, instances }) =>
          id === serviceId && format === "push" && instances.some((each) => each.id === instance),
      );

  return {
    async read(keys: readonly string[]): Promise<(Heartbeat | null)[]> {
      if (keys.length === 0) return [];
      const texts = await redis.hmget(hashKey, ...keys);
      return texts.map((text) => {
        const read = text === null ? null : stored.safeParse(parseJson(text));
        return read?.success ? read.data : null;
      });
    },

    mount(app: FastifyInstance) {
      app.post<{ Params: { service: string; instance: string; key: string } }>(
        "/heartbeats/:service/:instance/:key",
        { bodyLimit: 4_096, schema: { hide: true } },
        async (request, reply) => {
          const { service, instance, key } = request.params;
          const known = watched(service, instance);
          const hash = known ? hashOf(known.organization, service, instance) : null;
          if (hash === undefined)
            throw new AppError("unavailable", "Heartbeats are not accepted yet. Try again shortly.");
          // A wrong secret and an unknown service get the same response.
          if (hash === null || !isHeartbeatSecret(key, hash)) throw new AppError("not_found", "Not found.");
          const read = report.safeParse(request.body ?? undefined);
          if (!read.success)
            throw new AppError(
              "validation_failed",
              "body: status must be ok, degraded or down; message must be text",
            );
          const { status: state, message } = read.data;
          const beat: Heartbeat = { atMs: clock.now(), state, message };
          await redis.hset(hashKey, checkKey(service, instance), JSON.stringify(beat));
          return reply.status(202).send({ receivedAt: new Date(beat.atMs).toISOString() });
        },
      );
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
