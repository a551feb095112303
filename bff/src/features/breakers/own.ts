import type { AspectKey } from "#observe/aspect.ts";
import type { BreakersSource } from "./board.ts";
import { type BreakerReading, noFigures } from "./reading.ts";

const source = "own";
const service = "webhook-delivery";
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
  }[];
};
export type OwnEndpointsKey = AspectKey<OwnEndpoints, { observedAt: string | null; failing: boolean }>;

/**
 * Breakers of Wheelhouse's own webhook endpoints; each belongs to the organization that owns the endpoint.
 * @param endpoints rows of the endpoints; these are observed before the breakers.
 */
export function createOwnBreakers({
  coolDownMs,
  endpoints,
}: {
  coolDownMs: number;
  endpoints: OwnEndpointsKey;
}): BreakersSource {
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
            service,
            instance,
            source: `${source}:${breaker.endpointId}`,
            rank: 3,
            // Endpoints can be renamed, and two can have the same name.
            name: breaker.name,
            key: breaker.endpointId,
            library: "Wheelhouse",
            kind: "failure",
            state: breaker.state,
            note: null,
            sinceMs: breaker.since === null ? null : Date.parse(breaker.since),
            nextProbeAtMs: breaker.nextProbeAt === null ? null : Date.parse(breaker.nextProbeAt),
            moves: [],
            figures: {
              ...noFigures,
              failureRatio: breaker.failureRatio,
              callsPerMinute: breaker.attemptsPerMinute,
              failedPerMinute: breaker.failedPerMinute,
            },
            threshold: null,
            coolDownMs,
            commands: [],
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
