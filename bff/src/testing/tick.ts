import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import { breakerRows, type ObservedBreaker } from "#features/breakers/rows.ts";
import {
  cacheRows,
  type ObservedCache,
  type ObservedRedisDetail,
  redisDetailRows,
} from "#features/caches/rows.ts";
import { type ObservedServer, type ObservedService, serverRows, serviceRows } from "#features/health/rows.ts";
import { actRows, type ObservedActs } from "#features/overview/acts-aspect.ts";
import { type ObservedQueue, type QueuesExtra, queueRows } from "#features/queues/rows.ts";
import { badFileRows, type ObservedBadFile } from "#features/sources/aspect.ts";
import { type ObservedWebhooks, type WebhooksExtra, webhookRows } from "#features/webhooks/aspect.ts";
import type { Seen } from "#observe/aspect.ts";
import { noRows, type Tick } from "#observe/tick/tick.ts";

export { webhookRows };

export const tickAt = "2026-01-05T12:00:00.000Z";

/** A healthy queue of the organization `acme`, with a test's changes. */
export function makeQueue(name: string, part: Partial<ObservedQueue> = {}): ObservedQueue {
  return {
    id: name,
    name,
    prefix: "bull",
    source: "primary",
    organization: "acme",
    state: "ok",
    label: "OK",
    cause: null,
    since: "2026-01-05T11:00:00.000Z",
    paused: false,
    counts: makeCounts(),
    oldestWaitingMs: null,
    workers: 1,
    completedPerMinute: 60,
    failedPerMinute: 0,
    drainsInMs: "empty",
    ...part,
  };
}

export const makeCounts = (part: Partial<QueueRow["counts"]> = {}): QueueRow["counts"] => ({
  waiting: 0,
  prioritized: 0,
  active: 0,
  delayed: 0,
  waitingChildren: 0,
  failed: 0,
  completed: 0,
  ...part,
});

export function makeServer(id: string, part: Partial<ObservedServer> = {}): ObservedServer {
  return {
    id,
    name: `Redis ${id}`,
    kind: "redis",
    organization: "acme",
    state: "ok",
    cause: null,
    since: "2026-01-05T11:00:00.000Z",
    observedAt: tickAt,
    intervalMs: 1_000,
    roundTripMs: 1,
    redis: {
      version: "7.0.0",
      usedMemoryBytes: 1_000,
      maxMemoryBytes: 0,
      evictionPolicy: "noeviction",
      role: "primary",
      replicas: 0,
      replicationLagSeconds: null,
      persistenceOk: true,
      uptimeSeconds: 9,
      fragmentationRatio: 1,
      fragmentationBytes: 0,
      lifetimeHitRatio: null,
      connectedClients: 1,
      maxClients: 10_000,
      blockedClients: 0,
      opsPerSecond: 5,
      evictedPerSecond: 0,
      expiredPerSecond: 0,
      rejectedPerSecond: 0,
      inputBytesPerSecond: 100,
      outputBytesPerSecond: 100,
      hitsPerSecond: 1,
      missesPerSecond: 0,
    },
    postgres: null,
    ...part,
  };
}

/** A healthy service, checked every 10 s. */
export function makeService(id: string, part: Partial<ObservedService> = {}): ObservedService {
  return {
    id,
    name: id,
    kind: "service",
    group: null,
    owner: null,
    runbookUrl: null,
    organization: "acme",
    target: `${id}:8080`,
    dependsOn: [],
    state: "ok",
    label: "OK",
    cause: null,
    since: "2026-01-05T11:00:00.000Z",
    observedAt: tickAt,
    intervalMs: 10_000,
    explainedBy: null,
    affects: 0,
    maintenance: null,
    instances: [],
    version: null,
    latencyMs: 5,
    latencyMsP95: 9,
    certificateExpiresAt: null,
    beats: "o",
    uptime: { day: null, week: null, month: null },
    uptimeKnown: { day: 0, week: 0, month: 0 },
    ...part,
  };
}

/** A closed breaker of the organization `acme` on one instance, with a test's changes. */
export function makeBreaker(name: string, part: Partial<ObservedBreaker> = {}): ObservedBreaker {
  return {
    id: `orders~${name}`,
    name,
    service: "orders",
    library: "opossum",
    kind: "failure",
    state: "closed",
    organization: "acme",
    label: "0 of 1 open",
    cause: null,
    since: "2026-01-05T11:00:00.000Z",
    moves: [],
    failureRatio: null,
    slowRatio: null,
    callsPerMinute: null,
    failedPerMinute: null,
    refusedPerMinute: null,
    latencyMsP50: null,
    latencyMsP95: null,
    latencyMsP99: null,
    threshold: null,
    coolDownMs: null,
    commands: [],
    forced: null,
    observedAt: tickAt,
    intervalMs: 1_000,
    instances: [],
    ...part,
  };
}

/** Healthy deliveries of the organization `acme`, with a test's changes. */
export function makeWebhooks(part: Partial<ObservedWebhooks> = {}): ObservedWebhooks {
  return {
    id: "acme-id",
    organization: "acme",
    endpoints: 2,
    pending: 0,
    deadLetters: 0,
    deadLettersSince: null,
    attemptsPerSecond: 1,
    errorRatio: 0,
    durationMsP95: 80,
    deliveredPerSecond: 1,
    firstAttemptSuccessRatio: 1,
    breakers: [],
    ...part,
  };
}

type TickPart = Partial<Tick["head"]> & {
  servers?: readonly ObservedServer[];
  queues?: readonly ObservedQueue[];
  queuesExtra?: Partial<QueuesExtra>;
  services?: readonly ObservedService[];
  breakers?: readonly ObservedBreaker[];
  caches?: readonly ObservedCache[];
  redisDetails?: readonly ObservedRedisDetail[];
  webhooks?: readonly ObservedWebhooks[];
  webhooksExtra?: WebhooksExtra;
  badFile?: readonly ObservedBadFile[];
  acts?: readonly ObservedActs[];
};

/** A tick with these rows only. */
export function makeTick(part: TickPart = {}): Tick {
  const {
    servers = [],
    queues = [],
    queuesExtra,
    services = [],
    breakers = [],
    caches = [],
    redisDetails = [],
    webhooks = [],
    webhooksExtra = { observedAt: tickAt, failing: false },
    badFile = [],
    acts = [],
    ...head
  } = part;
  return {
    version: 2,
    head: {
      observer: "test",
      term: 1,
      observedAt: tickAt,
      intervalMs: 1_000,
      organizations: [],
      changes: [],
      ...head,
    },
    rows: {
      [serverRows.key]: servers,
      [queueRows.key]: queues,
      [serviceRows.key]: services,
      [webhookRows.key]: webhooks,
      [breakerRows.key]: breakers,
      [cacheRows.key]: caches,
      [redisDetailRows.key]: redisDetails,
      [badFileRows.key]: badFile,
      [actRows.key]: acts,
    },
    extra: {
      [queueRows.key]: { observedAt: { primary: tickAt }, hosts: {}, ...queuesExtra },
      [webhookRows.key]: webhooksExtra,
    },
  };
}

/** An aspect's view of an earlier tick's rows. */
export function makeSeen(
  nowMs: number,
  { leads = true, ...part }: TickPart & { leads?: boolean } = {},
): Seen {
  const { head, rows, extra } = makeTick(part);
  return {
    nowMs,
    intervalMs: head.intervalMs,
    leads,
    organizations: head.organizations,
    rowsOf: (key) => rows[key] ?? noRows,
    extraOf: (key) => extra[key],
  };
}
