import { type RuleDefinition, type RuleInput, ruleDefinition } from "@wheelhouse/shared/alerts/rules.ts";

const minute = 60_000;
/** Breakers of Wheelhouse's own calls: deliveries wait and are sent later, and checks report by themselves. */
const ownBreakers = ["webhook-delivery~*", "health-checks~*", "scrapes~*"];

/** Rules that are in force in every organization until somebody changes them. Keys are stored, so never renamed. */
const inputs: Record<string, RuleInput> = {
  "breaker-open": {
    name: "Breaker open",
    condition: { kind: "series", of: "breaker", metric: "open", when: "over", threshold: 0 },
    things: ownBreakers.map((each) => `!${each}`),
    severity: "critical",
    forMs: 15_000,
    resolveForMs: 30_000,
  },
  "delivery-breaker-open": {
    name: "Breaker of a webhook endpoint open",
    condition: { kind: "series", of: "breaker", metric: "open", when: "over", threshold: 0 },
    things: ["webhook-delivery~*"],
    severity: "warning",
    forMs: 2 * minute,
    resolveForMs: minute,
  },
  "error-rate": {
    name: "Many calls fail",
    condition: {
      kind: "series",
      of: "breaker",
      metric: "failureRatio",
      aggregate: "mean",
      windowMs: 5 * minute,
      when: "over",
      threshold: 0.25,
      resolveAt: 0.1,
      and: { metric: "callsPerMinute", when: "over", threshold: 10 },
    },
    things: ownBreakers.map((each) => `!${each}`),
    severity: "warning",
  },
  "dead-letters-growing": {
    name: "Dead letters growing",
    // It ends when they become fewer, not when they stop growing: somebody has to replay or discard them.
    condition: {
      kind: "series",
      of: "webhooks",
      metric: "deadLetters",
      aggregate: "rise",
      windowMs: 10 * minute,
      when: "over",
      threshold: 0,
      resolveAt: -0.5,
      and: { metric: "deadLetters", when: "over", threshold: 0 },
    },
    severity: "warning",
  },
  "endpoint-disabling": {
    name: "Webhook endpoint about to be disabled",
    condition: { kind: "problem", nodes: ["webhooks:disabling:*"], absent: "clear" },
    severity: "warning",
  },
  "queue-latency": {
    name: "Queue latency",
    condition: {
      kind: "series",
      of: "queue",
      metric: "oldestWaitingMs",
      when: "over",
      threshold: 5 * minute,
      resolveAt: 2 * minute,
    },
    severity: "warning",
    forMs: 5 * minute,
    resolveForMs: 2 * minute,
    noData: "keep",
  },
  "queue-no-worker": {
    name: "No worker",
    condition: {
      kind: "series",
      of: "queue",
      metric: "workers",
      when: "under",
      threshold: 1,
      and: { metric: "waiting", when: "over", threshold: 0 },
    },
    severity: "critical",
    forMs: minute,
    resolveForMs: 30_000,
  },
  "jobs-failing": {
    name: "Jobs failing",
    condition: {
      kind: "series",
      of: "queue",
      metric: "failedPerMinute",
      aggregate: "mean",
      windowMs: 5 * minute,
      when: "over",
      threshold: 10,
      resolveAt: 2,
    },
    severity: "warning",
  },
  "service-down": {
    name: "Service down",
    condition: { kind: "series", of: "service", metric: "up", when: "under", threshold: 1 },
    severity: "critical",
    resolveForMs: 15_000,
  },
  "service-degraded": {
    name: "Service degraded",
    condition: { kind: "problem", nodes: ["service:*"], states: ["degraded"] },
    severity: "warning",
    forMs: 5 * minute,
    resolveForMs: minute,
  },
  "server-down": {
    name: "Redis or Postgres down",
    condition: { kind: "series", of: "server", metric: "up", when: "under", threshold: 1 },
    severity: "critical",
    resolveForMs: 15_000,
  },
  "server-attention": {
    name: "Redis or Postgres needs attention",
    condition: { kind: "problem", nodes: ["server:*"], states: ["degraded"] },
    severity: "warning",
    forMs: 2 * minute,
    resolveForMs: minute,
  },
  "redis-memory": {
    name: "Redis memory almost full",
    condition: {
      kind: "series",
      of: "server",
      metric: "usedMemoryBytes",
      dividedBy: "maxMemoryBytes",
      when: "over",
      threshold: 0.9,
      resolveAt: 0.85,
    },
    severity: "critical",
    forMs: 2 * minute,
  },
  "replication-lag": {
    name: "Replication lag",
    condition: {
      kind: "series",
      of: "server",
      metric: "replicationLagMs",
      when: "over",
      threshold: 10_000,
      resolveAt: 2_000,
    },
    severity: "warning",
    forMs: minute,
  },
  "long-transaction": {
    name: "Long Postgres transaction",
    condition: {
      kind: "series",
      of: "server",
      metric: "longestTransactionMs",
      when: "over",
      threshold: 5 * minute,
      resolveAt: minute,
    },
    severity: "warning",
    forMs: minute,
  },
  certificate: {
    name: "Certificate expires soon",
    condition: {
      kind: "series",
      of: "service",
      metric: "certificateDaysLeft",
      when: "under",
      threshold: 14,
    },
    severity: "warning",
    forMs: 10 * minute,
  },
  "hit-ratio": {
    name: "Cache hit ratio",
    condition: { kind: "problem", nodes: ["cache:*"], states: ["degraded"] },
    severity: "warning",
    forMs: 10 * minute,
    resolveForMs: 2 * minute,
  },
  "sign-in-attack": {
    name: "Many failed sign-ins",
    condition: {
      kind: "series",
      of: "access",
      metric: "failedSignIns",
      when: "over",
      threshold: 200,
      resolveAt: 50,
    },
    severity: "warning",
  },
  "own-disk": {
    name: "Wheelhouse's disk almost full",
    condition: {
      kind: "series",
      of: "wheelhouse",
      metric: "usedDiskRatio",
      when: "over",
      threshold: 0.9,
      resolveAt: 0.85,
    },
    severity: "critical",
    forMs: 5 * minute,
  },
  "schedule-missed": {
    name: "Schedule missed or failed",
    condition: { kind: "problem", nodes: ["schedule:*"], states: ["down", "degraded"] },
    severity: "warning",
    forMs: minute,
  },
  "no-data": {
    name: "No data",
    condition: {
      kind: "problem",
      nodes: ["service:*", "server:*", "queue:*", "cache:*", "webhooks:*"],
      states: ["unknown", "stale"],
    },
    severity: "warning",
    forMs: 5 * minute,
    resolveForMs: minute,
  },
};

/** By key. */
export const builtinRules: ReadonlyMap<string, RuleDefinition> = new Map(
  Object.entries(inputs).map(([key, input]) => [key, ruleDefinition.parse(input)]),
);
