import type { HistoryKind } from "@wheelhouse/shared/history.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { isStale } from "#observe/build-tick.ts";
import type {
  ObservedBreaker,
  ObservedCache,
  ObservedQueue,
  ObservedServer,
  ObservedService,
  Tick,
} from "#observe/tick.ts";
import type { WebhookFigures } from "#observe/watched.ts";

/** Of a service: 1 while it works, 0 while it is down. */
export const upMetric = "up";
/** The share of a summed step in which `up` was known; made when it is summed up. */
export const knownMetric = "upKnown";

type Metrics<Row> = readonly (readonly [name: string, read: (row: Row) => number | null | undefined])[];

/** 1 while it works, 0 while it is down; the mean over a time is the uptime. Null while nobody knows. */
const upOf = (state: "ok" | "degraded" | "down" | "unknown") =>
  state === "unknown" ? null : state === "down" ? 0 : 1;

const server: Metrics<ObservedServer & { latencyMsP99: number | null }> = [
  ["up", ({ state }) => upOf(state)],
  ["roundTripMs", ({ roundTripMs }) => roundTripMs],
  ["usedMemoryBytes", ({ redis }) => redis?.usedMemoryBytes],
  ["maxMemoryBytes", ({ redis }) => redis?.maxMemoryBytes],
  ["fragmentationRatio", ({ redis }) => redis?.fragmentationRatio],
  ["connectedClients", ({ redis }) => redis?.connectedClients],
  ["opsPerSecond", ({ redis }) => redis?.opsPerSecond],
  ["evictedPerSecond", ({ redis }) => redis?.evictedPerSecond],
  ["latencyMsP99", ({ latencyMsP99 }) => latencyMsP99],
  ["poolWaiting", ({ postgres }) => postgres?.poolWaiting],
  ["poolIdle", ({ postgres }) => postgres?.poolIdle],
  ["connections", ({ postgres }) => postgres?.connections],
  ["databaseSizeBytes", ({ postgres }) => postgres?.databaseSizeBytes],
  ["longestTransactionMs", ({ postgres }) => postgres?.longestTransactionMs],
];

const queue: Metrics<ObservedQueue> = [
  ["waiting", ({ counts }) => counts.waiting + counts.prioritized],
  ["active", ({ counts }) => counts.active],
  ["delayed", ({ counts }) => counts.delayed],
  ["failed", ({ counts }) => counts.failed],
  ["oldestWaitingMs", ({ oldestWaitingMs }) => oldestWaitingMs],
  ["workers", ({ workers }) => workers],
  ["completedPerMinute", ({ completedPerMinute }) => completedPerMinute],
  ["failedPerMinute", ({ failedPerMinute }) => failedPerMinute],
];

const service: Metrics<ObservedService> = [
  // Planned work neither adds to the uptime nor takes from it.
  [upMetric, ({ state, maintenance }) => (maintenance === null ? upOf(state) : null)],
  ["latencyMs", ({ latencyMs }) => latencyMs],
  ["instancesUp", ({ instances }) => instances.filter(({ state }) => upOf(state) === 1).length],
];

const breaker: Metrics<ObservedBreaker> = [
  [
    "open",
    ({ instances }) =>
      instances.filter(({ state }) => state === "open" || state === "forced_open" || state === "half_open")
        .length,
  ],
  ["failureRatio", ({ failureRatio }) => failureRatio],
  ["slowRatio", ({ slowRatio }) => slowRatio],
  ["callsPerMinute", ({ callsPerMinute }) => callsPerMinute],
  ["failedPerMinute", ({ failedPerMinute }) => failedPerMinute],
  ["refusedPerMinute", ({ refusedPerMinute }) => refusedPerMinute],
  ["latencyMsP50", ({ latencyMsP50 }) => latencyMsP50],
  ["latencyMsP95", ({ latencyMsP95 }) => latencyMsP95],
  ["latencyMsP99", ({ latencyMsP99 }) => latencyMsP99],
];

const cache: Metrics<ObservedCache> = [
  ["hitRatio", ({ hitRatio }) => hitRatio],
  ["hitsPerMinute", ({ hitsPerMinute }) => hitsPerMinute],
  ["missesPerMinute", ({ missesPerMinute }) => missesPerMinute],
  ["setsPerMinute", ({ setsPerMinute }) => setsPerMinute],
  ["evictedPerMinute", ({ evictedPerMinute }) => evictedPerMinute],
  ["loadMsMean", ({ loadMsMean }) => loadMsMean],
  ["savedMsPerMinute", ({ savedMsPerMinute }) => savedMsPerMinute],
  ["sizeBytes", ({ sizeBytes }) => sizeBytes],
];

const webhooks: Metrics<WebhookFigures> = [
  ["pending", ({ pending }) => pending],
  ["deadLetters", ({ deadLetters }) => deadLetters],
  ["attemptsPerSecond", ({ attemptsPerSecond }) => attemptsPerSecond],
  ["errorRatio", ({ errorRatio }) => errorRatio],
  ["durationMsP95", ({ durationMsP95 }) => durationMsP95],
  ["deliveredPerSecond", ({ deliveredPerSecond }) => deliveredPerSecond],
  ["firstAttemptSuccessRatio", ({ firstAttemptSuccessRatio }) => firstAttemptSuccessRatio],
];

const organization: Metrics<Overview> = [
  ["problems", ({ problems }) => problems.length],
  ["down", ({ checks }) => checks.down],
  ["degraded", ({ checks }) => checks.degraded],
  ["unknown", ({ checks }) => checks.unknown + checks.stale],
  ["ok", ({ checks }) => checks.ok],
];

/** Every figure that is kept, by kind. A new one is one line here; what was stored before has no value of it. */
const metricsByKind = { server, queue, service, breaker, cache, webhooks, organization } satisfies Record<
  HistoryKind,
  Metrics<never>
>;

/** Figures of one thing at one moment, in the order of `metrics`; null is not known. */
export type Figures = {
  organizationId: string;
  kind: HistoryKind;
  entity: string;
  metrics: readonly string[];
  values: (number | null)[];
};

const names = Object.fromEntries(
  Object.entries(metricsByKind).map(([kind, metrics]) => [kind, metrics.map(([name]) => name)]),
);

function figuresOf<Row>(
  kind: HistoryKind,
  metrics: Metrics<Row>,
  row: Row,
  of: { organizationId: string; entity: string; isKnown: boolean },
): Figures {
  const { organizationId, entity, isKnown } = of;
  const values = metrics.map(([, read]) => {
    const value = isKnown ? read(row) : null;
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  });
  return { organizationId, kind, entity, metrics: names[kind] ?? [], values };
}

/** All figures of a tick. What was not heard lately has no figures, and a last known one is never taken for a new one. */
export function figuresOfTick(tick: Tick): Figures[] {
  const atMs = Date.parse(tick.observedAt);
  const ids = new Map(tick.organizations.map(({ id, slug }) => [slug, id]));
  const all: Figures[] = [];
  const add = <Row extends { organization: string; id: string }>(
    kind: HistoryKind,
    metrics: Metrics<Row>,
    rows: readonly Row[],
    isKnown: (row: Row) => boolean,
  ) => {
    for (const row of rows) {
      const organizationId = ids.get(row.organization);
      if (organizationId !== undefined)
        all.push(figuresOf(kind, metrics, row, { organizationId, entity: row.id, isKnown: isKnown(row) }));
    }
  };
  const isHeard = (row: { observedAt: string | null; intervalMs: number }) =>
    row.observedAt !== null && !isStale(row.observedAt, row.intervalMs, atMs);

  const latencies = new Map(tick.redisDetails.map(({ id, latency }) => [id, latency?.all.p99Ms ?? null]));
  // Of a server that is down the figures are old, but that it is down is known.
  add(
    "server",
    server,
    tick.servers.map((row) =>
      row.state === "down"
        ? { ...row, roundTripMs: null, redis: null, postgres: null, latencyMsP99: null }
        : { ...row, latencyMsP99: latencies.get(row.id) ?? null },
    ),
    (row) => row.state === "down" || isHeard(row),
  );
  add("queue", queue, tick.queues, ({ state }) => state !== "unknown");
  add("service", service, tick.services, isHeard);
  add("breaker", breaker, tick.breakers, isHeard);
  add("cache", cache, tick.caches, isHeard);
  for (const [organizationId, figures] of Object.entries(tick.webhooks.value))
    all.push(
      figuresOf("webhooks", webhooks, figures, {
        ...{ organizationId, entity: "webhooks", isKnown: !tick.webhooks.failing },
      }),
    );
  return all;
}

/** Checks and problems of a whole organization, as its Overview tells them. */
export const figuresOfOverview = (organizationId: string, overview: Overview): Figures =>
  figuresOf("organization", organization, overview, {
    ...{ organizationId, entity: "checks", isKnown: overview.observedAt !== null },
  });
