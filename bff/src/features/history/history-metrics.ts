import { isStale } from "@wheelhouse/shared/freshness.ts";
import type { HistoryKind } from "@wheelhouse/shared/history.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";
import { type OwnProcess, ownService, platform } from "#observe/own-service.ts";
import type {
  ObservedBreaker,
  ObservedCache,
  ObservedQueue,
  ObservedRedisDetail,
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

const dayMs = 86_400_000;
/** A sample of a keyspace is made once a minute, and is one of now for so long. */
const keyspaceIntervalMs = 60_000;

type DetailedServer = ObservedServer & { latency: ObservedRedisDetail["latency"]; keys: number | null };

const server: Metrics<DetailedServer> = [
  ["up", ({ state }) => upOf(state)],
  ["roundTripMs", ({ roundTripMs }) => roundTripMs],
  ["usedMemoryBytes", ({ redis }) => redis?.usedMemoryBytes],
  ["maxMemoryBytes", ({ redis }) => redis?.maxMemoryBytes],
  ["fragmentationRatio", ({ redis }) => redis?.fragmentationRatio],
  ["fragmentationBytes", ({ redis }) => redis?.fragmentationBytes],
  ["connectedClients", ({ redis }) => redis?.connectedClients],
  ["maxClients", ({ redis }) => redis?.maxClients],
  ["blockedClients", ({ redis }) => redis?.blockedClients],
  ["opsPerSecond", ({ redis }) => redis?.opsPerSecond],
  ["evictedPerSecond", ({ redis }) => redis?.evictedPerSecond],
  ["expiredPerSecond", ({ redis }) => redis?.expiredPerSecond],
  ["rejectedPerSecond", ({ redis }) => redis?.rejectedPerSecond],
  ["inputBytesPerSecond", ({ redis }) => redis?.inputBytesPerSecond],
  ["outputBytesPerSecond", ({ redis }) => redis?.outputBytesPerSecond],
  ["hitsPerSecond", ({ redis }) => redis?.hitsPerSecond],
  ["missesPerSecond", ({ redis }) => redis?.missesPerSecond],
  ["lifetimeHitRatio", ({ redis }) => redis?.lifetimeHitRatio],
  ["uptimeSeconds", ({ redis }) => redis?.uptimeSeconds],
  ["keys", ({ keys }) => keys],
  ["latencyMsP50", ({ latency }) => latency?.all.p50Ms],
  ["latencyMsP99", ({ latency }) => latency?.all.p99Ms],
  ["latencyMsP999", ({ latency }) => latency?.all.p999Ms],
  ["replicas", ({ redis, postgres }) => redis?.replicas ?? postgres?.replicas],
  ["replicationLagMs", ({ redis, postgres }) => (redis ? lagMsOf(redis) : postgres?.replicationLagMs)],
  ["poolSize", ({ postgres }) => postgres?.poolSize],
  ["poolIdle", ({ postgres }) => postgres?.poolIdle],
  ["poolWaiting", ({ postgres }) => postgres?.poolWaiting],
  ["connections", ({ postgres }) => postgres?.connections],
  ["maxConnections", ({ postgres }) => postgres?.maxConnections],
  ["databaseSizeBytes", ({ postgres }) => postgres?.databaseSizeBytes],
  ["longestTransactionMs", ({ postgres }) => postgres?.longestTransactionMs],
  ["blockedQueries", ({ postgres }) => postgres?.blockedQueries],
];

const lagMsOf = ({ replicationLagSeconds }: NonNullable<ObservedServer["redis"]>) =>
  replicationLagSeconds === null ? null : replicationLagSeconds * 1_000;

const queue: Metrics<ObservedQueue> = [
  ["waiting", ({ counts }) => counts.waiting + counts.prioritized],
  ["prioritized", ({ counts }) => counts.prioritized],
  ["active", ({ counts }) => counts.active],
  ["delayed", ({ counts }) => counts.delayed],
  ["waitingChildren", ({ counts }) => counts.waitingChildren],
  ["failed", ({ counts }) => counts.failed],
  ["completed", ({ counts }) => counts.completed],
  ["oldestWaitingMs", ({ oldestWaitingMs }) => oldestWaitingMs],
  ["workers", ({ workers }) => workers],
  ["completedPerMinute", ({ completedPerMinute }) => completedPerMinute],
  ["failedPerMinute", ({ failedPerMinute }) => failedPerMinute],
  ["drainsInMs", ({ drainsInMs }) => (typeof drainsInMs === "number" ? drainsInMs : null)],
];

const service: Metrics<ObservedService> = [
  // Planned work neither adds to the uptime nor takes from it.
  [upMetric, ({ state, maintenance }) => (maintenance === null ? upOf(state) : null)],
  ["latencyMs", ({ latencyMs }) => latencyMs],
  ["latencyMsP95", ({ latencyMsP95 }) => latencyMsP95],
  ["instances", ({ instances }) => instances.length],
  ["instancesUp", ({ instances }) => instances.filter(({ state }) => upOf(state) === 1).length],
  [
    "certificateDaysLeft",
    ({ certificateExpiresAt, observedAt }) =>
      certificateExpiresAt === null || observedAt === null
        ? null
        : (Date.parse(certificateExpiresAt) - Date.parse(observedAt)) / dayMs,
  ],
];

const breaker: Metrics<ObservedBreaker> = [
  ["instances", ({ instances }) => instances.length],
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
  ["coalescedPerMinute", ({ coalescedPerMinute }) => coalescedPerMinute],
  ["sizeBytes", ({ sizeBytes }) => sizeBytes],
  ["instances", ({ instances }) => instances.length],
  ["memoryHitsPerMinute", ({ levels }) => levelOf(levels, "memory")?.hitsPerMinute],
  ["memoryEntries", ({ levels }) => levelOf(levels, "memory")?.entries],
  ["memorySizeBytes", ({ levels }) => levelOf(levels, "memory")?.sizeBytes],
  ["redisHitsPerMinute", ({ levels }) => levelOf(levels, "redis")?.hitsPerMinute],
  ["redisEntries", ({ levels }) => levelOf(levels, "redis")?.entries],
  ["redisSizeBytes", ({ levels }) => levelOf(levels, "redis")?.sizeBytes],
];

type Levels = ObservedCache["levels"];
const levelOf = (levels: Levels, wanted: Levels[number]["level"]) =>
  levels.find(({ level }) => level === wanted);

const webhooks: Metrics<WebhookFigures> = [
  ["endpoints", ({ endpoints }) => endpoints],
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

const longestDelay = "eventLoopDelayMsMax";
/** Of these the largest value of 10 s is kept, not their mean. */
export const peakMetrics: ReadonlySet<string> = new Set([longestDelay]);

const ownProcess: Metrics<EventLoopFigures> = [
  ["eventLoopDelayMsP99", ({ delayMsP99 }) => delayMsP99],
  [longestDelay, ({ delayMsMax }) => delayMsMax],
  ["eventLoopBusyRatio", ({ busyRatio }) => busyRatio],
];

/** Every figure that is kept, by kind. A new one is one line here; what was stored before has no value of it. */
const metricsByKind = {
  server,
  queue,
  service,
  breaker,
  cache,
  webhooks,
  organization,
  process: ownProcess,
} satisfies Record<HistoryKind, Metrics<never>>;

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

  const details = new Map(tick.redisDetails.map((detail) => [detail.id, detail]));
  const keysOf = (keyspace: ObservedRedisDetail["keyspace"]) =>
    keyspace && !isStale(keyspace.observedAt, keyspaceIntervalMs, atMs) ? keyspace.totalKeys : null;
  // Of a server that is down the figures are old, but that it is down is known.
  add(
    "server",
    server,
    tick.servers.map((row) => {
      if (row.state === "down")
        return { ...row, roundTripMs: null, redis: null, postgres: null, latency: null, keys: null };
      const { latency = null, keyspace = null } = details.get(row.id) ?? {};
      return { ...row, latency, keys: keysOf(keyspace) };
    }),
    (row) => row.state === "down" || isHeard(row),
  );
  add("queue", queue, tick.queues, ({ state }) => state !== "unknown");
  add("service", service, tick.services, isHeard);
  add("breaker", breaker, tick.breakers, isHeard);
  add("cache", cache, tick.caches, isHeard);
  for (const [organizationId, figures] of Object.entries(tick.webhooks.value))
    all.push(
      figuresOf("webhooks", webhooks, figures, {
        organizationId,
        entity: "webhooks",
        isKnown: !tick.webhooks.failing,
      }),
    );
  return all;
}

/** Checks and problems of a whole organization, as its Overview tells them. */
export const figuresOfOverview = (organizationId: string, overview: Overview): Figures =>
  figuresOf("organization", organization, overview, {
    organizationId,
    entity: "checks",
    isKnown: overview.observedAt !== null,
  });

/**
 * How late the processes of Wheelhouse were: each for itself, and the worst of them for the service that they are, which
 * goes on when one is replaced by another. Who is silent has no figures.
 */
export function figuresOfProcesses(processes: readonly OwnProcess[], tick: Tick): Figures[] {
  const organizationId = tick.organizations.find(({ slug }) => slug === platform)?.id;
  const atMs = Date.parse(tick.observedAt);
  const heard = processes.filter(({ observedAt, intervalMs }) => !isStale(observedAt, intervalMs, atMs));
  if (organizationId === undefined || heard.length === 0) return [];
  const most = (read: (figures: EventLoopFigures) => number) =>
    Math.max(...heard.map(({ eventLoop }) => read(eventLoop)));
  const worst: EventLoopFigures = {
    windowMs: most(({ windowMs }) => windowMs),
    delayMsP99: most(({ delayMsP99 }) => delayMsP99),
    delayMsMax: most(({ delayMsMax }) => delayMsMax),
    busyRatio: most(({ busyRatio }) => busyRatio),
  };
  const known = { organizationId, isKnown: true };
  return [
    ...heard.map(({ id, eventLoop }) =>
      figuresOf("process", ownProcess, eventLoop, { ...known, entity: id }),
    ),
    { ...figuresOf("process", ownProcess, worst, { ...known, entity: ownService }), kind: "service" },
  ];
}
