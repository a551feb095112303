import type { Config } from "#config.ts";

/** All settings of the gateway for an installation or a test. Durations in milliseconds. */
export type WebhooksConfig = {
  /** 32 bytes in base64; seals the secrets of sources and endpoints. */
  secretKey: string;
  /** Addresses and CIDR blocks that deliveries may reach although they are not public. */
  allowAddresses: readonly string[];
  /** Delays before the second, third … attempt; so there is one more attempt than delays. */
  retryScheduleMs: readonly number[];
  /** Share by which a delay is randomly lengthened or shortened, 0–1. */
  retryJitter: number;
  /** Upper bound for a receiver's `Retry-After`. */
  retryAfterMaxMs: number;
  /** Total time of an attempt: resolve, connect, send, response. */
  deliveryTimeoutMs: number;
  /** How long after that timeout a claim without outcome counts as unknown. */
  claimGraceMs: number;
  /** Concurrent attempts, per process and at most per endpoint of a process. */
  concurrency: number;
  endpointConcurrency: number;
  /** Jobs that a process takes at most, those waiting for room included; of one endpoint at most `endpointLine` wait. */
  jobs: number;
  endpointLine: number;
  breaker: { failures: number; coolDownMs: number };
  /** How long a delivery may wait for its breaker, from its acceptance or last replay. */
  maxAgeMs: number;
  /** Interval of the sweeper, and how long a due delivery may lack a job before it gets one. */
  sweepIntervalMs: number;
  sweepGraceMs: number;
  /** How often failing endpoints are looked at, and how long one must fail without a success to count as failing. */
  failing: { everyMs: number; windowMs: number };
  replay: ReplayConfig;
  /** BullMQ: the job of a dead worker goes to another one after at most twice this time. */
  jobLockMs: number;
  /** How long a stopping worker lets running attempts finish before it aborts them. */
  drainMs: number;
  timestampToleranceMs: number;
  /** Limit of intake requests without a valid signature, per address and window. */
  rejections: { limit: number; windowMs: number };
  /** Whole days for which all deliveries are kept, and those without success. */
  keptDays: number;
  deadLettersKeptDays: number;
  /** Days after which refused intake requests are forgotten. */
  refusalsKeptDays: number;
};

/** Replays of many deliveries. */
export type ReplayConfig = {
  /** A run of more deliveries requires a step-up. */
  stepUpAbove: number;
  /** How long a plan can be started. */
  planTtlMs: number;
  /** Between the start and the first delivery, in which it can be cancelled. */
  holdMs: number;
  /** Deliveries to each endpoint that must succeed or fail before more are sent. */
  canary: number;
  /** Initial rate to an endpoint in deliveries per second, when the rate is limited. */
  startRate: number;
  /** This many consecutive failures pause an endpoint. */
  failuresToHold: number;
  /** Deliveries started, and outcomes read, per step; and the time between two steps. */
  batch: number;
  stepMs: number;
};

export const webhooksDefaults = {
  retryJitter: 0.2,
  retryAfterMaxMs: 24 * 3_600_000,
  deliveryTimeoutMs: 15_000,
  claimGraceMs: 5_000,
  concurrency: 400,
  endpointConcurrency: 200,
  jobs: 1_000,
  endpointLine: 300,
  breaker: { failures: 3, coolDownMs: 30_000 },
  maxAgeMs: 3 * 24 * 3_600_000,
  sweepIntervalMs: 1_000,
  sweepGraceMs: 5_000,
  failing: { everyMs: 30_000, windowMs: 10 * 60_000 },
  replay: {
    stepUpAbove: 100,
    planTtlMs: 15 * 60_000,
    holdMs: 5_000,
    canary: 5,
    startRate: 5,
    failuresToHold: 20,
    batch: 2_000,
    stepMs: 250,
  },
  jobLockMs: 15_000,
  drainMs: 8_000,
  timestampToleranceMs: 5 * 60_000,
  rejections: { limit: 100, windowMs: 15 * 60_000 },
  keptDays: 7,
  deadLettersKeptDays: 90,
  refusalsKeptDays: 30,
} as const satisfies Partial<WebhooksConfig>;

/** The gateway of an installation. `secretKey`: 32 bytes in base64. */
export const webhooksSettings = (
  { webhooks, rateLimits, drainMs }: Pick<Config, "webhooks" | "rateLimits" | "drainMs">,
  secretKey: string,
): WebhooksConfig => ({
  ...webhooksDefaults,
  secretKey,
  allowAddresses: webhooks.allowAddresses,
  retryScheduleMs: webhooks.retryScheduleMs,
  deliveryTimeoutMs: webhooks.deliveryTimeoutMs,
  breaker: { ...webhooksDefaults.breaker, coolDownMs: webhooks.breakerCoolDownMs },
  maxAgeMs: webhooks.deliveryMaxAgeMs,
  drainMs,
  rejections: { ...webhooksDefaults.rejections, limit: rateLimits.failuresPer15Min },
  keptDays: webhooks.keptDays,
  deadLettersKeptDays: webhooks.deadLettersKeptDays,
  refusalsKeptDays: webhooks.refusalsKeptDays,
});
