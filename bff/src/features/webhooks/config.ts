import type { Config } from "#config.ts";

/** Everything of the gateway that an installation or a test may set. Durations in milliseconds. */
export type WebhooksConfig = {
  /** 32 bytes in base64; seals the secrets of sources and endpoints. */
  secretKey: string;
  /** Addresses and CIDR blocks that deliveries may reach although they are not public. */
  allowAddresses: readonly string[];
  /** Waits before the second, third … attempt; so there is one attempt more than waits. */
  retryScheduleMs: readonly number[];
  /** Share by which a wait is made longer or shorter at random, 0–1. */
  retryJitter: number;
  /** Upper bound of what a receiver's `Retry-After` can ask for. */
  retryAfterMaxMs: number;
  /** Whole time of an attempt: resolve, connect, send, answer. */
  deliveryTimeoutMs: number;
  /** How long after that time-out a claim without outcome counts as unknown. */
  claimGraceMs: number;
  /** Attempts at the same time, per process and per endpoint of a process. */
  concurrency: number;
  endpointConcurrency: number;
  breaker: { failures: number; coolDownMs: number };
  /** Rhythm of the sweeper, and how long a due delivery may lack a job before it is given one. */
  sweepIntervalMs: number;
  sweepGraceMs: number;
  replay: ReplayConfig;
  /** BullMQ: a job whose worker died is given to another after at most twice this. */
  jobLockMs: number;
  /** What an ending worker lets running attempts have before it aborts them. */
  drainMs: number;
  timestampToleranceMs: number;
  /** Intake without a valid signature, per address and window. */
  rejections: { limit: number; windowMs: number };
};

/** Replays of many deliveries. */
export type ReplayConfig = {
  /** A run of more deliveries asks for a step-up. */
  stepUpAbove: number;
  /** How long a plan can be started. */
  planTtlMs: number;
  /** Between the start and the first delivery, in which it can be cancelled. */
  holdMs: number;
  /** Deliveries to each endpoint that have to be answered before more are sent. */
  canary: number;
  /** Deliveries a second to an endpoint with which a limited rate begins. */
  startRate: number;
  /** So many failures in a row hold an endpoint. */
  failuresToHold: number;
  /** Deliveries begun, and outcomes looked at, in one step; and the time between two steps. */
  batch: number;
  stepMs: number;
};

export const webhooksDefaults = {
  retryJitter: 0.2,
  retryAfterMaxMs: 24 * 3_600_000,
  deliveryTimeoutMs: 15_000,
  claimGraceMs: 5_000,
  concurrency: 50,
  endpointConcurrency: 20,
  breaker: { failures: 5, coolDownMs: 30_000 },
  sweepIntervalMs: 1_000,
  sweepGraceMs: 5_000,
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
  drainMs,
  rejections: { ...webhooksDefaults.rejections, limit: rateLimits.failuresPer15Min },
});
