import type { BreakerReading } from "../reading.ts";
import type { Followed } from "./follow.ts";
import type { ScrapedBreaker } from "./scraped.ts";

type Place = Pick<BreakerReading, "organization" | "service" | "instance" | "source" | "rank">;

/** The breakers of one sample of one process, as the board takes them. */
export const readingsOf = (
  breakers: readonly { scraped: ScrapedBreaker; followed: Followed }[],
  { place, observedAtMs, intervalMs }: { place: Place; observedAtMs: number; intervalMs: number },
): BreakerReading[] =>
  breakers.map(({ scraped, followed }) => ({
    organization: place.organization,
    service: place.service,
    instance: scraped.variant === "" ? place.instance : `${place.instance}{${scraped.variant}}`,
    name: scraped.name,
    key: scraped.name,
    source: place.source,
    rank: place.rank,
    library: scraped.library,
    kind: scraped.kind,
    state: followed.state,
    note: followed.note,
    sinceMs: null,
    nextProbeAtMs: null,
    moves: [],
    figures: {
      failureRatio: followed.failureRatio,
      slowRatio: scraped.slowRatio,
      callsPerMinute: followed.callsPerMinute,
      failedPerMinute: followed.failedPerMinute,
      refusedPerMinute: followed.refusedPerMinute,
      latencyMsP50: followed.latencyMs.p50,
      latencyMsP95: followed.latencyMs.p95,
      latencyMsP99: followed.latencyMs.p99,
    },
    threshold: scraped.threshold,
    coolDownMs: null,
    commands: [],
    observedAtMs,
    intervalMs,
  }));
