import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import type { ObservedBreaker, ObservedQueue, ObservedServer, ObservedService, Tick } from "#observe/tick.ts";

export const tickAt = "2026-01-05T12:00:00.000Z";

/** A healthy queue of the organization `acme`, with what a test wants to be different. */
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

/** A healthy service, checked each 10 s. */
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

/** A closed breaker of the organization `acme` on one instance, with what a test wants to be different. */
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

export function makeTick(part: Partial<Tick> = {}): Tick {
  return {
    version: 1,
    observer: "test",
    term: 1,
    observedAt: tickAt,
    intervalMs: 1_000,
    servers: [],
    queues: [],
    services: [],
    breakers: [],
    caches: [],
    redisDetails: [],
    queuesObservedAt: { primary: tickAt },
    hosts: {},
    organizations: [],
    webhooks: { value: {}, observedAt: tickAt, failing: false },
    deadLettersSince: {},
    acts: {},
    changes: [],
    ...part,
  };
}
