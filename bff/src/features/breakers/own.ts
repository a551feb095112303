import type { AspectKey } from "#observe/aspect.ts";
import type { BreakersSource } from "./board.ts";
import { type BreakerReading, noFigures } from "./reading.ts";

const source = "own";
export const ownBreakersService = "webhook-delivery";
/** All workers share one breaker state. */
const instance = "all workers";
/** How often the collector reads the figures. */
const intervalMs = 2_000;

/** Deliveries of one organization, with the breakers of its endpoints. */
export type OwnEndpoints = {
  organization: string;
  breakers: readonly {
    endpointId: string;
    name: string;
    state: "closed" | "half_open" | "open";
    since: string | null;
    nextProbeAt: string | null;
    /** 0–1 over the last minute; null without attempts. */
    failureRatio: number | null;
    attemptsPerMinute: number;
    failedPerMinute: number;
    latencyMsP50: number | null;
    latencyMsP95: number | null;
    /** Failures in a row that open it. */
    failuresToOpen: number;
    coolDownMs: number;
  }[];
};
export type OwnEndpointsKey = AspectKey<OwnEndpoints, { observedAt: string | null; failing: boolean }>;

/**
 * Breakers of Wheelhouse's own webhook endpoints; each belongs to the organization that owns the endpoint.
 * @param endpoints rows of the endpoints; these are observed before the breakers.
 */
export function createOwnBreakers({ endpoints }: { endpoints: OwnEndpointsKey }): BreakersSource {
  let madeOf: readonly OwnEndpoints[] | null = null;
  let madeAt: string | null = null;
  let made: BreakerReading[] = [];
  return {
    read(seen) {
      const rows = endpoints.rows(seen);
      const observedAt = endpoints.extra(seen)?.observedAt ?? null;
      if (observedAt === null) return [];
      if (rows === madeOf && observedAt === madeAt) return made;
      madeOf = rows;
      madeAt = observedAt;
      made = rows.flatMap(({ organization, breakers }) => {
        return breakers.map(
          (breaker): BreakerReading => ({
            organization,
            service: ownBreakersService,
            instance,
            source: `${source}:${breaker.endpointId}`,
            rank: 3,
            // Endpoints can be renamed, and two can have the same name.
            name: breaker.name,
            key: breaker.endpointId,
            library: "Wheelhouse",
            kind: "failure",
            state: breaker.state,
            note: `opens after ${breaker.failuresToOpen} failures in a row`,
            sinceMs: breaker.since === null ? null : Date.parse(breaker.since),
            nextProbeAtMs: breaker.nextProbeAt === null ? null : Date.parse(breaker.nextProbeAt),
            moves: [],
            figures: {
              ...noFigures,
              failureRatio: breaker.failureRatio,
              callsPerMinute: breaker.attemptsPerMinute,
              failedPerMinute: breaker.failedPerMinute,
              latencyMsP50: breaker.latencyMsP50,
              latencyMsP95: breaker.latencyMsP95,
            },
            threshold: null,
            coolDownMs: breaker.coolDownMs,
            commands: ["reset"],
            observedAtMs: Date.parse(observedAt),
            intervalMs,
          }),
        );
      });
      return made;
    },
    isWatched: (name) => made.some((reading) => reading.source === name),
    rest() {
      madeOf = null;
      madeAt = null;
      made = [];
    },
  };
}
