import { gzipSync } from "node:zlib";
import type { BreakerList, readBreaker } from "@wheelhouse/shared/breakers.ts";
import type { CacheList, RedisServerList } from "@wheelhouse/shared/caches.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { type HealthList, type ServiceDetail, serviceTopic } from "@wheelhouse/shared/health.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { type QueueList, queueTopic, type readQueue } from "@wheelhouse/shared/queues.ts";
import { platformOrganization } from "#lib/request-context.ts";
import { createListChanges } from "#observe/list-changes.ts";
import { buildOverview } from "#observe/overview.ts";
import type { BadFile } from "#observe/sources-watch.ts";
import type {
  ObservedBreaker,
  ObservedCache,
  ObservedQueue,
  ObservedServer,
  ObservedService,
  Tick,
} from "#observe/tick.ts";
import type { Trends } from "#observe/trends.ts";
import type { Change, OrganizationKey, WebhookFigures } from "#observe/watched.ts";

/** What one organization may see of a tick, not yet put into the shapes of the contract. */
export type OrganizationPart = {
  observedAt: string | null;
  intervalMs: number;
  servers: ObservedServer[];
  queues: ObservedQueue[];
  services: ObservedService[];
  breakers: ObservedBreaker[];
  caches: ObservedCache[];
  /** Null: not known. */
  webhooks: { figures: WebhookFigures | null; failingSince: string | null };
  deadLettersSince: string | null;
  /** Null for who has nothing in it; its mistakes may name others' sources, so only the platform is told them. */
  badFile: (Omit<BadFile, "organizations" | "problems"> & { problems: readonly string[] | null }) | null;
  /** Newest first. */
  changes: { change: Change; subject: string | null }[];
  trend(key: string): Overview["red"]["ratePerSecond"]["trend"];
  organizationId: string;
};

const mostJournal = 50;

const queueRows = createListChanges<ObservedQueue>();
const serviceRows = createListChanges<ObservedService>();
const breakerRows = createListChanges<ObservedBreaker>();
const cacheRows = createListChanges<ObservedCache>();

/** Made once a tick and organization at most, and only for those that are read. */
export function createOrganizationViews(deps: {
  organization: OrganizationKey;
  tick: Tick | null;
  previous: Tick | null;
  changes: Tick["changes"];
  trends: Trends;
  /** The same over the last hour. */
  hour: Trends;
  intervalMs: number;
}) {
  const { organization, tick, previous, changes, trends, hour } = deps;
  const { id, slug } = organization;
  const atMs = tick ? Date.parse(tick.observedAt) : 0;
  const intervalMs = tick?.intervalMs ?? deps.intervalMs;
  const mine = <T extends { organization: string }>(all: readonly T[] | undefined) =>
    (all ?? []).filter(({ organization: owner }) => owner === slug);
  const trend = (key: string) => trends.read(key, atMs);
  const rows = once(() =>
    mine(tick?.queues)
      .map(queueRows.rowOf)
      .sort((a, b) => queueTopic.order(a, b, atMs)),
  );
  // The newest reading among its sources: a source that is away is told by its rows, which are unknown.
  const queuesObservedAt = () => {
    const sources = new Set(rows().map(({ source }) => source));
    for (const server of mine(tick?.servers)) if (server.kind === "redis") sources.add(server.id);
    const dates = [...sources].flatMap((source) => tick?.queuesObservedAt[source] ?? []);
    return sources.size === 0 ? (tick?.observedAt ?? null) : (dates.sort().at(-1) ?? null);
  };

  const queues = once((): QueueList => {
    const ids = new Set(rows().map((row) => row.id));
    return {
      observedAt: queuesObservedAt(),
      intervalMs,
      items: rows(),
      nextCursor: null,
      trends: Object.fromEntries(rows().map((row) => [row.id, trend(`waiting:${row.id}`)])),
      workers: hostsOf(tick, ids),
    };
  });

  const overview = once(
    (): Overview =>
      buildOverview({
        observedAt: tick?.observedAt ?? null,
        intervalMs,
        servers: mine(tick?.servers),
        queues: mine(tick?.queues),
        services: mine(tick?.services),
        breakers: mine(tick?.breakers),
        caches: mine(tick?.caches),
        webhooks: {
          figures: tick?.webhooks.failing ? null : (tick?.webhooks.value[id] ?? null),
          failingSince: tick?.webhooks.failing ? (tick.webhooks.observedAt ?? tick.observedAt) : null,
        },
        deadLettersSince: tick?.deadLettersSince[id] ?? null,
        badFile: badFileFor(tick?.badFile, organization),
        changes: [
          ...mine(changes).map(({ change, subject }) => ({ change, subject })),
          ...(tick?.acts[id] ?? []).map((change) => ({ change, subject: null })),
        ].sort((a, b) => b.change.at.localeCompare(a.change.at)),
        trend,
        organizationId: id,
      }),
  );

  const observed = { observedAt: tick?.observedAt ?? null, intervalMs };
  const servers = once(() => mine(tick?.servers).map(({ organization: _, ...server }) => server));
  const health = once(
    (): HealthList => ({
      ...observed,
      items: mine(tick?.services)
        .map(serviceRows.rowOf)
        .sort((a, b) => serviceTopic.order(a, b, atMs)),
      nextCursor: null,
      servers: servers(),
    }),
  );
  const breakers = once(
    (): BreakerList => ({
      ...observed,
      items: mine(tick?.breakers).map(breakerRows.rowOf),
      nextCursor: null,
    }),
  );
  const caches = once((): CacheList => {
    const items = mine(tick?.caches).map(cacheRows.rowOf);
    const trends = items.map((row) => [row.id, trend(`ratio:${slug}:${row.id}`)] as const);
    return { ...observed, items, nextCursor: null, trends: Object.fromEntries(trends) };
  });
  const redisServers = once(
    (): RedisServerList => ({
      ...observed,
      items: mine(tick?.servers)
        .filter(({ kind }) => kind === "redis")
        .map(({ organization: _, ...server }) => ({
          server,
          detail: mine(tick?.redisDetails).find((detail) => detail.id === server.id) ?? null,
          trends: {
            memory: trend(`memory:${server.id}`),
            commands: trend(`commands:${server.id}`),
            latency: trend(`latency:${server.id}`),
            fragmentation: trend(`fragmentation:${server.id}`),
            evicted: trend(`evicted:${server.id}`),
            clients: trend(`clients:${server.id}`),
          },
        })),
      nextCursor: null,
    }),
  );
  const noTrend = { intervalMs, values: [] };
  const redisServersKept = once(
    (): RedisServerList => ({
      ...redisServers(),
      items: redisServers().items.map((item) => ({
        ...item,
        trends: {
          memory: noTrend,
          commands: noTrend,
          latency: noTrend,
          fragmentation: noTrend,
          evicted: noTrend,
          clients: noTrend,
        },
      })),
    }),
  );
  const healthChanges = once(() => ({
    ...observed,
    ...serviceRows.between(mine(previous?.services), mine(tick?.services)),
  }));
  const breakerChanges = once(() => ({
    ...observed,
    ...breakerRows.between(mine(previous?.breakers), mine(tick?.breakers)),
  }));
  const cacheChanges = once(() => ({
    ...observed,
    ...cacheRows.between(mine(previous?.caches), mine(tick?.caches)),
  }));

  return {
    overview,
    queues,
    health,
    breakers,
    caches,
    healthChanges,
    breakerChanges,
    cacheChanges,
    overviewJson: encodings(overview),
    queuesJson: encodings(queues),
    healthJson: encodings(health),
    breakersJson: encodings(breakers),
    cachesJson: encodings(caches),
    redisServersJson: encodings(redisServers),
    /** As it is remembered: figures are kept elsewhere, so without their trends. */
    redisServersKeptJson: encodings(redisServersKept),
    queue(queueId: string): EndpointResult<typeof readQueue> | null {
      const row = rows().find((each) => each.id === queueId);
      if (!row) return null;
      return {
        observedAt: tick?.queuesObservedAt[row.source] ?? null,
        intervalMs,
        queue: row,
        waiting: trend(`waiting:${queueId}`),
        completedPerMinute: trend(`completed:${queueId}`),
      };
    },
    /** What this process knows of one service; the rest of its detail is asked where it is kept. */
    service(serviceId: string): Omit<ServiceDetail, "instances" | "maintenance"> | null {
      const all = mine(tick?.services);
      const own = all.find((each) => each.id === serviceId);
      if (!own) return null;
      return {
        ...observed,
        service: serviceRows.rowOf(own),
        server: servers().find(({ id: server }) => server === serviceId) ?? null,
        calledBy: all.filter(({ dependsOn }) => dependsOn.includes(serviceId)).map((caller) => caller.id),
        latencyMs: hour.read(`latency:${serviceId}`, atMs),
        journal: mine(changes)
          .filter(({ change, subject }) => subject === own.name && change.kind === "health")
          .slice(0, mostJournal)
          .map(({ change: { at, text, state, by } }) => ({
            at,
            state: state ?? "ok",
            text: `${text}. ${by}`,
          })),
      };
    },
    breaker(breakerId: string): EndpointResult<typeof readBreaker> | null {
      const own = mine(tick?.breakers).find((each) => each.id === breakerId);
      if (!own) return null;
      return {
        ...observed,
        breaker: breakerRows.rowOf(own),
        failureRatio: trend(`failureRatio:${slug}/${breakerId}`),
        failedPerMinute: trend(`failedPerMinute:${slug}/${breakerId}`),
        changedBefore:
          overview().problems.find((problem) => problem.id === `breaker:${breakerId}`)?.changedBefore ?? null,
      };
    },
    /** What differs from the tick before. */
    queueChanges: once(() => ({
      observedAt: queuesObservedAt(),
      intervalMs,
      ...queueRows.between(mine(previous?.queues), mine(tick?.queues)),
    })),
  };
}
export type OrganizationViews = ReturnType<typeof createOrganizationViews>;

function badFileFor(file: BadFile | undefined, { id, slug }: OrganizationKey): OrganizationPart["badFile"] {
  if (!file) return null;
  const { organizations, problems, ...rest } = file;
  if (id === platformOrganization.id) return { ...rest, problems };
  return organizations.includes(slug) ? { ...rest, problems: null } : null;
}

/** Machines with workers of these queues, most workers first. */
function hostsOf(tick: Tick | null, ids: ReadonlySet<string>): QueueList["workers"] {
  const hosts = new Map<string, { queues: string[]; workers: number }>();
  for (const { host, workers } of Object.values(tick?.hosts ?? {}).flat()) {
    for (const [id, count] of Object.entries(workers)) {
      if (!ids.has(id)) continue;
      const there = hosts.get(host) ?? { queues: [], workers: 0 };
      there.queues.push(id);
      there.workers += count;
      hosts.set(host, there);
    }
  }
  return [...hosts]
    .map(([host, { queues, workers }]) => ({ host, queues: queues.sort(), workers }))
    .sort((a, b) => b.workers - a.workers || a.host.localeCompare(b.host));
}

/** JSON of a view, plain and compressed, each made once for all its readers. */
function encodings(view: () => unknown) {
  const plain = once(() => Buffer.from(JSON.stringify(view())));
  // The fastest level, since it is made anew every second.
  const gzip = once(() => gzipSync(plain(), { level: 1 }));
  return { plain, gzip };
}
export type Encodings = ReturnType<typeof encodings>;

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
