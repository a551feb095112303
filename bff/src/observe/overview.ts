import type { BreakerState } from "@wheelhouse/shared/breakers.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { cachesTile } from "#observe/cache-problem.ts";
import type { OrganizationPart } from "#observe/organization-views.ts";
import { countChecks, findProblems } from "#observe/problems.ts";

const mostChanges = 20;
const mostBreakers = 2;

/** Sum, or null when one of them is not known. */
const sumOf = (values: readonly (number | null)[]) =>
  values.reduce((sum: number | null, value) => (sum === null || value === null ? null : sum + value), 0);

/** Adds series of the same step, value by value; a value that nothing was heard of stays null. */
function sumOfSeries(all: readonly Overview["red"]["ratePerSecond"]["trend"][], intervalMs: number) {
  const longest = Math.max(0, ...all.map(({ values }) => values.length));
  const values = Array.from({ length: longest }, (_, index) => {
    const heard = all.flatMap((each) => each.values[index] ?? []);
    return heard.length === 0 ? null : heard.reduce((sum, value) => sum + value, 0);
  });
  return { intervalMs: all[0]?.intervalMs ?? intervalMs, values };
}

/** Puts one organization's part of a tick into the shape of Overview. What is not known is null, never a zero. */
export function buildOverview(part: OrganizationPart): Overview {
  const { servers, queues, organizationId, intervalMs, trend } = part;
  const { figures } = part.webhooks;
  const of = (key: string, value: number | null | undefined) => ({
    value: value ?? null,
    trend: trend(`${key}:${organizationId}`),
  });
  const known = queues.filter(({ state }) => state !== "unknown");
  const noneKnown = queues.length > 0 && known.length === 0;
  const redis = servers.filter(({ kind }) => kind === "redis");
  const answering = redis.filter(({ state }) => state !== "down");
  const policies = new Set(redis.flatMap((server) => server.redis?.evictionPolicy ?? []));
  const { breakers } = part;
  // While figures of webhooks cannot be read, their breakers are not known to be none.
  const unknownBreakers = breakers.length === 0 && figures === null;
  const inState = (wanted: BreakerState) =>
    unknownBreakers ? null : breakers.filter(({ state }) => state === wanted).length;
  return {
    observedAt: part.observedAt,
    intervalMs,
    checks: countChecks(part),
    problems: findProblems(part),
    red: {
      ratePerSecond: of("attempts", figures?.attemptsPerSecond),
      errorRatio: of("errors", figures?.errorRatio),
      durationMsP95: of("duration", figures?.durationMsP95),
    },
    tiles: {
      queues: {
        queues: queues.length,
        waiting: {
          value: noneKnown
            ? null
            : known.reduce((sum, { counts }) => sum + counts.waiting + counts.prioritized, 0),
          trend: sumOfSeries(
            queues.map(({ id }) => trend(`waiting:${id}`)),
            intervalMs,
          ),
        },
        oldestWaitingMs: known.reduce(
          (oldest: number | null, { oldestWaitingMs }) =>
            oldestWaitingMs === null ? oldest : Math.max(oldest ?? 0, oldestWaitingMs),
          null,
        ),
        noWorker: noneKnown ? null : known.filter(({ label }) => label === "No worker").length,
        paused: noneKnown ? null : known.filter(({ paused }) => paused).length,
      },
      breakers: {
        breakers: unknownBreakers ? null : breakers.length,
        open: inState("open"),
        halfOpen: inState("half_open"),
        unknown: inState("unknown"),
        worst: breakers
          .flatMap(({ name, failureRatio }) => (failureRatio ? [{ name, failureRatio }] : []))
          .sort((a, b) => b.failureRatio - a.failureRatio)
          .slice(0, mostBreakers),
      },
      redis: {
        servers: redis.length,
        usedMemoryBytes: {
          value:
            redis.length === 0 || answering.length < redis.length
              ? null
              : sumOf(redis.map((server) => server.redis?.usedMemoryBytes ?? null)),
          trend: sumOfSeries(
            redis.map(({ id }) => trend(`memory:${id}`)),
            intervalMs,
          ),
        },
        opsPerSecond:
          redis.length === 0 || answering.length < redis.length
            ? null
            : sumOf(redis.map((server) => server.redis?.opsPerSecond ?? null)),
        evictionPolicy: policies.size === 0 ? null : [...policies].sort().join(", "),
      },
      caches: cachesTile(part),
      webhooks: {
        endpoints: figures?.endpoints ?? null,
        deadLetters: figures?.deadLetters ?? null,
        pending: figures?.pending ?? null,
        deliveredPerSecond: of("delivered", figures?.deliveredPerSecond),
        firstAttemptSuccessRatio: figures?.firstAttemptSuccessRatio ?? null,
      },
    },
    recentChanges: part.changes.slice(0, mostChanges).map(({ change }) => change),
    sources: servers.map(({ organization: _, ...server }) => server),
  };
}
