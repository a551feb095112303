import { breakerList, type readBreaker } from "@wheelhouse/shared/breakers.ts";
import { type RedisServerList, redisServerList } from "@wheelhouse/shared/caches.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { healthList, type ServiceDetail } from "@wheelhouse/shared/health.ts";
import type { HistoryKind } from "@wheelhouse/shared/history.ts";
import { overview } from "@wheelhouse/shared/overview.ts";
import type { z } from "zod";
import { AppError, notFound } from "#lib/errors.ts";
import type { StatusTopic } from "#observe/board-answers.ts";
import { readKeptDetails } from "#observe/kept-details.ts";

type Series = ServiceDetail["latencyMs"];
/** Figures of one thing over the time before a moment, in the order of `metrics`. */
export type SeriesBefore = (
  organizationId: string,
  of: { kind: HistoryKind; id: string; metrics: readonly string[]; at: string; spanMs: number },
) => Promise<Series[]>;

const minuteMs = 60_000;
const none: Series = { intervalMs: minuteMs, values: [] };

/** Details as they were at a past moment, from the stored frames and figures. */
export function createPastDetails(deps: {
  readPast(organizationId: string, topic: StatusTopic | "servers" | "details", at: string): Promise<Buffer>;
  seriesBefore: SeriesBefore;
}) {
  const { readPast, seriesBefore } = deps;
  /** @throws AppError `not_found` also for a frame of an earlier version, which knew less than is shown */
  const frameOf = async <T>(
    schema: z.ZodType<T>,
    topic: StatusTopic | "servers",
    organizationId: string,
    at: string,
  ): Promise<T> => {
    const frame: unknown = JSON.parse((await readPast(organizationId, topic, at)).toString());
    const read = schema.safeParse(frame);
    if (!read.success)
      throw new AppError("not_found", "What was stored then holds less than what is shown today.");
    return read.data;
  };

  /** Nothing where frames did not hold it yet. */
  const toldThen = async (
    organizationId: string,
    id: string,
    at: string,
  ): Promise<ReturnType<typeof readKeptDetails>> => {
    try {
      return readKeptDetails((await readPast(organizationId, "details", at)).toString(), id);
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return new Map();
      throw error;
    }
  };

  return {
    /** Of what its instances told the figures of what was well are not kept. */
    async service(organizationId: string, id: string, at: string): Promise<ServiceDetail> {
      const { observedAt, intervalMs, items, servers } = await frameOf(
        healthList,
        "health",
        organizationId,
        at,
      );
      const service = items.find((each) => each.id === id);
      if (!service) throw notFound("service");
      const of = { kind: "service", id, metrics: ["latencyMs"], at, spanMs: 60 * minuteMs } as const;
      const [latencyMs = none] = await seriesBefore(organizationId, of);
      const told = await toldThen(organizationId, id, at);
      return {
        observedAt,
        intervalMs,
        service,
        latencyMs,
        calledBy: items.filter(({ dependsOn }) => dependsOn.includes(id)).map((caller) => caller.id),
        instances: service.instances.map((instance) => ({
          id: instance.id,
          target: null,
          observedAt: instance.observedAt,
          ...(told.get(instance.id) ?? { components: [], conditions: [] }),
        })),
        server: servers.find((each) => each.id === id) ?? null,
        journal: [],
        maintenance: [],
      };
    },
    async breaker(
      organizationId: string,
      id: string,
      at: string,
    ): Promise<EndpointResult<typeof readBreaker>> {
      const { observedAt, intervalMs, items } = await frameOf(breakerList, "breakers", organizationId, at);
      const breaker = items.find((each) => each.id === id);
      if (!breaker) throw notFound("breaker");
      const of = { kind: "breaker", id, at, spanMs: 10 * minuteMs } as const;
      const [failureRatio = none, failedPerMinute = none] = await seriesBefore(organizationId, {
        ...of,
        metrics: ["failureRatio", "failedPerMinute"],
      });
      const { problems } = await frameOf(overview, "overview", organizationId, at);
      return {
        observedAt,
        intervalMs,
        breaker,
        failureRatio,
        failedPerMinute,
        changedBefore: problems.find((problem) => problem.id === `breaker:${id}`)?.changedBefore ?? null,
      };
    },
    async redisServers(organizationId: string, at: string): Promise<RedisServerList> {
      const list = await frameOf(redisServerList, "servers", organizationId, at);
      const items: RedisServerList["items"] = [];
      // One after the other: few servers, and no reader takes the whole pool.
      for (const item of list.items) {
        const [
          memory = none,
          commands = none,
          fragmentation = none,
          evicted = none,
          clients = none,
          latency = none,
        ] = await seriesBefore(organizationId, {
          kind: "server",
          id: item.server.id,
          at,
          spanMs: 10 * minuteMs,
          metrics: [
            "usedMemoryBytes",
            "opsPerSecond",
            "fragmentationRatio",
            "evictedPerSecond",
            "connectedClients",
            "latencyMsP99",
          ],
        });
        items.push({ ...item, trends: { memory, commands, latency, fragmentation, evicted, clients } });
      }
      return { ...list, items };
    },
  };
}
export type PastDetails = ReturnType<typeof createPastDetails>;
