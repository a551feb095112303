import type { Seen } from "#observe/board.ts";
import type { BreakersSource } from "./breakers-board.ts";
import { type BreakerReading, noFigures } from "./breakers-reading.ts";

const source = "own";
const service = "webhook-delivery";
/** All workers decide by one state that they share. */
const instance = "all workers";
/** How often the collector reads the figures. */
const intervalMs = 2_000;

/** The breakers of Wheelhouse's own webhook endpoints; each belongs to the organization that owns the endpoint. */
export function createOwnBreakers({ coolDownMs }: { coolDownMs: number }): BreakersSource {
  let madeOf: Seen["webhooks"]["value"] | null = null;
  let madeAt: string | null = null;
  let made: BreakerReading[] = [];
  return {
    read({ webhooks, organizations }) {
      const { value, observedAt } = webhooks;
      if (observedAt === null) return [];
      if (value === madeOf && observedAt === madeAt) return made;
      madeOf = value;
      madeAt = observedAt;
      const slugs = new Map(organizations.map(({ id, slug }) => [id, slug]));
      made = Object.entries(value).flatMap(([organizationId, { breakers }]) => {
        const organization = slugs.get(organizationId);
        if (organization === undefined) return [];
        return breakers.map(
          (breaker): BreakerReading => ({
            organization,
            service,
            instance,
            source: `${source}:${breaker.endpointId}`,
            rank: 3,
            // Endpoints may be renamed, and two may bear one name.
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
