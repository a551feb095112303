import type { WatchHttp } from "#lib/http/watch-http.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Catalogue, WatchedSources } from "#observe/sources/sources.ts";
import { createTargetRunner, type Target } from "#observe/targets/targets.ts";
import type { BreakersSource } from "../board.ts";
import type { BreakerReading } from "../reading.ts";
import { readActuator } from "./actuator.ts";
import { createFollower, type Follower } from "./follow.ts";
import { breakersOf, isBreakerMetric } from "./metrics.ts";
import { readMetrics } from "./prometheus.ts";
import { readingsOf } from "./readings.ts";
import type { ScrapeState } from "./scrape-states.ts";

const concurrency = 32;
/** A wrong path, an HTML page instead of metrics, and a library without calls yet look the same. */
const nothingFound = "The response contains no circuit breakers";
const mostBytes = { metrics: 16 * 1024 * 1024, actuator: 1024 * 1024 } as const;

type ScrapeTarget = Target & {
  /** Id of its source. */
  id: string;
  format: "metrics" | "actuator";
  url: string;
  organization: string;
  service: string;
  instance: string;
};

/** Next to the instance's health URL: `/actuator/health` has its breakers at `/actuator/circuitbreakers`. */
export function actuatorUrlOf(healthUrl: string): string {
  const url = new URL(healthUrl);
  const base = url.pathname.replace(/\/health(\/.*)?$/, "");
  url.pathname = `${base === url.pathname ? "/actuator" : base}/circuitbreakers`;
  url.search = "";
  return url.href;
}

/** Targets to scrape for breakers, taken from the catalogue. */
function targetsOf({ prometheus, services }: WatchedSources): ScrapeTarget[] {
  return [
    ...prometheus.map((target) => ({
      ...target,
      key: `metrics:${target.id}`,
      format: "metrics" as const,
    })),
    ...services
      .filter(({ actuatorBreakers }) => actuatorBreakers)
      .flatMap(({ id, organization, intervalMs, timeoutMs, instances }) =>
        // Instances that report by themselves have no address.
        instances
          .filter(({ url }) => URL.canParse(url))
          .map((instance) => ({
            id,
            key: `actuator:${id}/${instance.id}`,
            format: "actuator" as const,
            url: actuatorUrlOf(instance.url),
            organization,
            service: id,
            instance: instance.id,
            intervalMs,
            timeoutMs,
          })),
      ),
  ];
}

/**
 * Breakers scraped from metrics and from Spring's Actuator, each instance at its own interval. After a failed
 * scrape the previous data is kept, with its age.
 */
export function createScrapedBreakers(deps: {
  catalogue: Catalogue;
  http: Pick<WatchHttp, "get">;
  clock: Clock;
  random: () => number;
  /** Receives by id the results of the metrics scrapes that ended since the last call. */
  onScraped?: (states: ReadonlyMap<string, ScrapeState>) => void;
}): BreakersSource & { close(): void } {
  const { catalogue, http, clock, random, onScraped } = deps;
  const followers = new Map<string, Follower>();
  const told = new Map<string, number>();
  let watched = new Set<string>();

  const check = async (target: ScrapeTarget, signal: AbortSignal): Promise<BreakerReading[]> => {
    const { format, organization, service, instance, intervalMs, key: source } = target;
    const { statusCode, body, truncated, isWhole } = await http.get(target.url, {
      accept: format === "metrics" ? "text/plain;version=0.0.4" : "application/json",
      maxBytes: mostBytes[format],
      source: target.id,
      signal,
      target: {
        organization,
        purpose: "scrapes",
        id: format === "metrics" ? target.id : `actuator ${target.id}`,
        name: service,
        instance,
        intervalMs,
        failsFromStatus: 500,
      },
    });
    if (statusCode < 200 || statusCode > 299) throw new Error(`Responded with status ${statusCode}`);
    if (truncated) throw new Error(`The response exceeds ${mostBytes[format]} bytes`);
    const breakers =
      format === "metrics"
        ? breakersOf(readMetrics(body, isBreakerMetric, { isWhole }))
        : readActuator(JSON.parse(body));
    const observedAtMs = clock.now();
    const follower = followers.get(source) ?? createFollower();
    followers.set(source, follower);
    const rank = format === "metrics" ? 2 : 1;
    return readingsOf(follower.followAll(breakers, observedAtMs), {
      place: { organization, service, instance, source, rank },
      observedAtMs,
      intervalMs,
    });
  };
  const runner = createTargetRunner<ScrapeTarget, BreakerReading[]>({ check, concurrency, clock, random });
  const watch = (sources: WatchedSources) => {
    const targets = targetsOf(sources);
    watched = new Set(targets.map(({ key }) => key));
    for (const key of followers.keys()) if (!watched.has(key)) followers.delete(key);
    for (const key of told.keys()) if (!watched.has(key)) told.delete(key);
    runner.setTargets(targets);
  };
  const tell = () => {
    const states = new Map<string, ScrapeState>();
    for (const [key, { target, latest, failure, failedAtMs }] of runner.results()) {
      const endedMs = failedAtMs ?? latest?.atMs;
      if (target.format !== "metrics" || endedMs === undefined || told.get(key) === endedMs) continue;
      told.set(key, endedMs);
      const observedAt = latest ? new Date(latest.atMs).toISOString() : null;
      const nothing = failure === null && latest?.value.length === 0 ? nothingFound : null;
      states.set(target.id, { observedAt, failure, nothing });
    }
    if (states.size > 0) onScraped?.(states);
  };
  watch(catalogue.current());
  const stopWatching = catalogue.onChange(watch);

  return {
    read({ nowMs }) {
      runner.poke(nowMs);
      tell();
      return [...runner.results().values()].flatMap(({ latest }) => latest?.value ?? []);
    },
    isWatched: (source) => watched.has(source),
    rest() {
      runner.rest();
      followers.clear();
      told.clear();
    },
    close() {
      stopWatching();
      runner.rest();
    },
  };
}
