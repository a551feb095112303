import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";
import type { Redis } from "ioredis";
import { AppError } from "#lib/http/errors.ts";
import { actWindowMs, addToWindow } from "#lib/redis/rate-window.ts";

/**
 * Limits an organization's changes and exports per hour; sign-ins and reads are not limited. Redis counts; while it is
 * away there is no limit, because operators need to act most when something is broken.
 */
export const mutationLimitPlugin = fastifyPlugin(
  (app: FastifyInstance, { redis, perHour }: { redis: Redis; perHour: number }, done) => {
    app.addHook("preHandler", async (request, reply) => {
      const { action, access } = request.routeOptions.config.endpoint ?? {};
      // Calls without a signed-in person count for no organization.
      if (!action || access === "public" || action.startsWith("access.session.")) return;
      const counter = { kind: "mutations", name: request.context.organization.id } as const;
      const counted = await addToWindow(redis, counter, 1, actWindowMs).catch(() => undefined);
      if (!counted) return;
      const resetSeconds = Math.max(1, Math.ceil(counted.resetMs / 1_000));
      reply.header("ratelimit-limit", perHour);
      reply.header("ratelimit-remaining", Math.max(0, perHour - counted.count));
      reply.header("ratelimit-reset", resetSeconds);
      if (counted.count > perHour)
        throw new AppError(
          "rate_limited",
          `This organization is limited to ${perHour} changes and exports per hour.`,
          {
            retryAfterSeconds: resetSeconds,
          },
        );
    });
    done();
  },
  { name: "mutation-limit", dependencies: ["auth"] },
);
