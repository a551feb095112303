import { pushMetrics } from "@wheelhouse/shared/sources/otlp.ts";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Core, Feature } from "#lib/feature.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { addToWindow } from "#lib/redis/rate-window.ts";
import type { PushStore } from "#observe/pushes/pushes.ts";
import { ownService } from "#observe/reports/reports.ts";
import { sendFailure, sendResult } from "./answers.ts";
import { registerBodies } from "./bodies.ts";
import { exportRequest } from "./request.ts";
import { pushOf } from "./series.ts";

const minuteMs = 60_000;

type OtlpNeeds = {
  store: PushStore;
  /** Whether a metric, by the name that Prometheus gives it, is read by anybody. */
  isWanted(name: string): boolean;
};

/** `POST /otlp/v1/metrics`: metrics of OpenTelemetry, kept as if they had been scraped. */
export function createOtlp(core: Pick<Core, "redis" | "config" | "clock">, { store, isWanted }: OtlpNeeds) {
  const { redis, config, clock } = core;
  const perMinute = config.rateLimits.pushesPerMinute;

  async function assertRate({ actor }: RequestContext) {
    const counter = { kind: "pushes", name: actor.id ?? "" } as const;
    const { count, resetMs } = await addToWindow(redis, counter, 1, minuteMs);
    if (count > perMinute)
      throw new AppError("rate_limited", `One token may send metrics ${perMinute} times a minute.`, {
        retryAfterSeconds: Math.max(1, resetMs / 1_000),
      });
  }

  async function keep({ organization }: RequestContext, body: unknown) {
    const read = exportRequest.safeParse(body);
    if (!read.success) throw invalidMessage(read.error);
    try {
      const { pushes, rejections, hasMetrics } = await pushOf(read.data, {
        organization: organization.slug,
        isWanted,
        reserved: ownService,
        nowMs: clock.now(),
      });
      const { late, over, kept } = await store.keep(organization.slug, pushes);
      if (late > 0) rejections.set("older than what is known of their series", late);
      if (over > 0) rejections.set("beyond what is kept of an instance or an organization", over);
      const isInVain = hasMetrics && kept === 0 && rejections.size === 0;
      return { rejections, warning: isInVain ? nothingRead : null };
    } catch (error) {
      throw error instanceof z.ZodError ? invalidMessage(error) : error;
    }
  }

  return {
    mount(app: FastifyInstance) {
      void app.register(async (scope) => {
        registerBodies(scope);
        scope.setErrorHandler(sendFailure);
        scope.addHook("preParsing", async ({ context }) => assertRate(context));
        scope.post(
          pushMetrics.path,
          {
            config: { endpoint: pushMetrics },
            schema: {
              tags: ["otlp"],
              summary: pushMetrics.summary,
              consumes: ["application/json", "application/x-protobuf"],
              response: { 200: pushMetrics.response },
            },
          },
          async (request, reply) => sendResult(request, reply, await keep(request.context, request.body)),
        );
      });
    },
  } satisfies Feature;
}

const nothingRead =
  "Nothing in this request is a metric of a circuit breaker or a cache that Wheelhouse reads, and nothing was kept.";

function invalidMessage({ issues: [issue] }: z.ZodError) {
  const path = issue?.path.join(".");
  return invalidField(path ? `body.${path}` : "body", issue?.message ?? "is not a request of OTLP");
}
