import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import { type Sample, withoutDuplicates } from "#lib/metric-sample.ts";
import { emptyBreaker, ratioOfPercent, type ScrapedBreaker } from "./scraped.ts";
import { createVariants } from "./variants.ts";

/** Maximum number of breakers per scrape; more indicate a labelling mistake. */
const mostBreakers = 1_000;

const r4j = "resilience4j_circuitbreaker_";
const pollyEvents = /^resilience_polly_strategy_events(_total)?$/;
const pollyDuration = /^resilience_polly_pipeline_duration(_milliseconds)?_(count|bucket)$/;
/** Counters of opossum-prometheus; OpenMetrics ends their names with `_total`. Any prefix may come before the name. */
const opossumEvents = /circuit(_total)?$/;
const r4jCalls = /^calls(_seconds|_milliseconds)?_(count|bucket)$/;
const envoyOpen = /^envoy_cluster_circuit_breakers_(default|high)_(\w+)_open$/;
const envoyCounts =
  /^envoy_cluster_upstream_(cx_overflow|rq_pending_overflow|rq_retry_overflow|rq_total|rq_time_bucket)(?:_total)?$/;

/** Whether a metric describes a breaker. */
export const isBreakerMetric = (name: string): boolean =>
  name.startsWith(r4j) ||
  opossumEvents.test(name) ||
  name.endsWith("circuit_perf") ||
  pollyEvents.test(name) ||
  pollyDuration.test(name) ||
  envoyOpen.test(name) ||
  envoyCounts.test(name);

type Draft = ScrapedBreaker & { bucketSums: Map<number, number> };

function drafts(library: ScrapedBreaker["library"], kind: ScrapedBreaker["kind"] = "failure") {
  const found = new Map<string, Draft>();
  return {
    /** `variant` is null when the sample cannot be assigned to one variant. */
    of(name: string, variant: string | null): Draft | null {
      const key = `${name}\n${variant}`;
      const known = found.get(key);
      if (known) return known;
      if (name === "" || variant === null || found.size >= mostBreakers) return null;
      const draft = { ...emptyBreaker(name, library, kind), variant, bucketSums: new Map<number, number>() };
      found.set(key, draft);
      return draft;
    },
    all: (): ScrapedBreaker[] =>
      [...found.values()].map(({ bucketSums, ...breaker }) => ({
        ...breaker,
        buckets: bucketSums.size === 0 ? null : [...bucketSums].sort(([a], [b]) => a - b),
      })),
  };
}

const add = (sum: number | null, value: number) => (Number.isFinite(value) ? (sum ?? 0) + value : sum);
const higher = (known: number | null, value: number | null) =>
  known === null || (value !== null && value > known) ? value : known;
const addBucket = (draft: Draft, le: string | undefined, scale: number, value: number) => {
  const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le) * scale;
  if (le === undefined || Number.isNaN(bound) || !Number.isFinite(value)) return;
  draft.bucketSums.set(bound, (draft.bucketSums.get(bound) ?? 0) + value);
};
const percentileKeys: Record<string, "p50" | "p95" | "p99"> = { "0.5": "p50", "0.95": "p95", "0.99": "p99" };

const r4jStates: Record<string, BreakerState> = {
  closed: "closed",
  open: "open",
  half_open: "half_open",
  forced_open: "forced_open",
  disabled: "disabled",
  metrics_only: "disabled",
};
/** States of resilience4j by name, in any case. */
export const r4jState = (name: string): BreakerState => r4jStates[name.toLowerCase()] ?? "unknown";
export const metricsOnlyNote = "Metrics only: never opens";

const worstFirst: readonly BreakerState[] = [
  "open",
  "half_open",
  "forced_open",
  "unknown",
  "disabled",
  "closed",
];
const worse = (a: BreakerState | null, b: BreakerState): BreakerState =>
  a !== null && worstFirst.indexOf(a) <= worstFirst.indexOf(b) ? a : b;
const labelOf =
  (label: string) =>
  ({ labels }: Sample) =>
    labels.get(label) ?? "";

const r4jLabels = new Set(["name", "state", "kind", "le", "quantile"]);
/** Micrometer's binding: one 0/1 gauge per state, and percentages where −1 means too few calls. */
function readResilience4j(samples: readonly Sample[]): ScrapedBreaker[] {
  const found = drafts("resilience4j");
  const nameOf = labelOf("name");
  const states = samples.filter(({ name }) => name === `${r4j}state`);
  const variants = createVariants(states, r4jLabels, nameOf);
  for (const sample of samples) {
    const { name, labels, value } = sample;
    if (!name.startsWith(r4j)) continue;
    const draft = found.of(nameOf(sample), variants.of(sample));
    if (!draft) continue;
    const part = name.slice(r4j.length);
    const kind = labels.get("kind");
    const { counts } = draft;
    if (part === "state") {
      const state = labels.get("state") ?? "";
      if (value !== 1) continue;
      // The same series twice comes from two processes without a distinguishing label.
      draft.state = worse(draft.state, r4jState(state));
      if (state === "metrics_only") draft.note = metricsOnlyNote;
    } else if (part === "failure_rate")
      draft.failureRatio = higher(draft.failureRatio, ratioOfPercent(value));
    else if (part === "slow_call_rate") draft.slowRatio = higher(draft.slowRatio, ratioOfPercent(value));
    else if (/^not_permitted_calls(_total)?$/.test(part)) counts.refused = add(counts.refused, value);
    const [, unit, figure] = r4jCalls.exec(part) ?? [];
    if (figure === "bucket") addBucket(draft, labels.get("le"), unit === "_milliseconds" ? 1 : 1_000, value);
    if (figure === "count") {
      counts.calls = add(counts.calls, value);
      counts.failed = add(counts.failed, kind === "failed" ? value : 0);
    }
  }
  return found.all().map((breaker) => {
    const { calls, failed, refused } = breaker.counts;
    return {
      ...breaker,
      state: breaker.state ?? "unknown",
      counts: {
        calls: calls === null ? null : calls + (refused ?? 0),
        failed: failed === null ? null : failed + (refused ?? 0),
        refused,
      },
    };
  });
}

const opossumLabels = new Set(["name", "event", "quantile"]);
/**
 * opossum-prometheus: event counters without `_total`, a summary in ms, and no state. A series appears when
 * its event first occurs.
 */
function readOpossum(samples: readonly Sample[]): ScrapedBreaker[] {
  const found = drafts("opossum");
  const nameOf = labelOf("name");
  const counted = samples.filter(({ name, labels }) => opossumEvents.test(name) && labels.has("event"));
  const variants = createVariants(counted, opossumLabels, nameOf);
  for (const sample of samples) {
    const { name, labels, value } = sample;
    const isEvent = opossumEvents.test(name);
    if (!isEvent && !name.endsWith("circuit_perf")) continue;
    const event = labels.get("event");
    if (event === undefined) continue;
    const draft = found.of(nameOf(sample), variants.of(sample));
    if (!draft) continue;
    if (!isEvent) {
      const key = percentileKeys[labels.get("quantile") ?? ""];
      if (key && event === "success" && Number.isFinite(value))
        draft.latencyMs[key] = higher(draft.latencyMs[key], value);
      continue;
    }
    draft.events ??= { opened: 0, closed: 0, halfOpened: 0 };
    if (!Number.isFinite(value)) continue;
    const { counts, events } = draft;
    if (event === "open") events.opened += value;
    else if (event === "close") events.closed += value;
    else if (event === "halfOpen") events.halfOpened += value;
    else if (event === "fire") counts.calls = add(counts.calls, value);
    // A timeout emits both `timeout` and `failure`.
    else if (event === "failure") counts.failed = add(counts.failed, value);
    else if (event === "reject") {
      counts.failed = add(counts.failed, value);
      counts.refused = add(counts.refused, value);
    }
  }
  return found.all().flatMap((breaker) => {
    if (breaker.events === null) return [];
    const { calls, failed, refused } = breaker.counts;
    return [
      { ...breaker, counts: { calls, failed: failed ?? (calls === null ? null : 0), refused: refused ?? 0 } },
    ];
  });
}

const refusals = /(Broken|Isolated)CircuitException$/;
const unnamed = new Set(["", "(null)", "CircuitBreaker"]);
const pollyLabels = new Set([
  "event_name",
  "event_severity",
  "pipeline_name",
  "pipeline_instance",
  "strategy_name",
  "operation_key",
  "exception_type",
  "le",
]);

/**
 * Polly as OpenTelemetry exports it to Prometheus: event counters and pipeline durations, no state. A breaker
 * appears with its first event, because a pipeline does not announce it earlier.
 */
function readPolly(samples: readonly Sample[]): ScrapedBreaker[] {
  const found = drafts("Polly");
  const pipelines = new Map<string, Draft[]>();
  const pipelineOf = (labels: Sample["labels"]) =>
    ["pipeline_name", "pipeline_instance"]
      .map((key) => labels.get(key) ?? "")
      .filter((part) => !unnamed.has(part))
      .join("/");
  const turns = samples.filter(
    ({ name, labels }) => pollyEvents.test(name) && labels.get("event_name")?.startsWith("OnCircuit"),
  );
  const variants = createVariants(turns, pollyLabels, ({ labels }) => pipelineOf(labels));
  for (const sample of turns) {
    const { labels, value } = sample;
    if (!Number.isFinite(value)) continue;
    const event = labels.get("event_name");
    const pipeline = pipelineOf(labels);
    const variant = variants.of(sample);
    const strategy = labels.get("strategy_name") ?? "";
    const draft = found.of(
      unnamed.has(strategy) && pipeline !== "" ? pipeline : [pipeline, strategy].filter(Boolean).join("/"),
      variant,
    );
    if (!draft) continue;
    draft.events ??= { opened: 0, closed: 0, halfOpened: 0 };
    if (event === "OnCircuitOpened") draft.events.opened += value;
    else if (event === "OnCircuitClosed") draft.events.closed += value;
    else if (event === "OnCircuitHalfOpened") draft.events.halfOpened += value;
    const key = `${pipeline}\n${variant}`;
    const there = pipelines.get(key) ?? [];
    if (!there.includes(draft)) pipelines.set(key, [...there, draft]);
  }
  for (const sample of samples) {
    const { name, labels, value } = sample;
    const part = pollyDuration.exec(name)?.[2];
    if (part === undefined) continue;
    const exception = labels.get("exception_type") ?? "";
    const refused = refusals.test(exception);
    for (const draft of pipelines.get(`${pipelineOf(labels)}\n${variants.of(sample)}`) ?? []) {
      const { counts } = draft;
      if (part === "bucket") addBucket(draft, refused ? undefined : labels.get("le"), 1, value);
      else {
        counts.calls = add(counts.calls, value);
        counts.failed = add(counts.failed, exception === "" ? 0 : value);
        counts.refused = add(counts.refused, refused ? value : 0);
      }
    }
  }
  return found.all();
}

const envoyLimits: Record<string, string> = {
  cx: "connections",
  cx_pool: "connection pools",
  rq_pending: "pending requests",
  rq: "requests",
  rq_retry: "retries",
};

const envoyLabels = new Set(["envoy_cluster_name", "le"]);
/** Envoy limits concurrency. It does not fail calls itself, so nothing here counts as a failed call. */
function readEnvoy(samples: readonly Sample[]): ScrapedBreaker[] {
  const found = drafts("Envoy", "concurrency");
  const reached = new Map<Draft, string[]>();
  const clusterOf = labelOf("envoy_cluster_name");
  const gauges = samples.filter(({ name }) => envoyOpen.test(name));
  const variants = createVariants(gauges, envoyLabels, clusterOf);
  for (const sample of gauges) {
    const { name, value } = sample;
    const [, priority, limit] = envoyOpen.exec(name) ?? [];
    const cluster = clusterOf(sample);
    if (priority === undefined || limit === undefined || cluster === "") continue;
    const draft = found.of(
      priority === "default" ? cluster : `${cluster} (${priority})`,
      variants.of(sample),
    );
    if (!draft) continue;
    const limits = reached.get(draft) ?? [];
    reached.set(draft, limits);
    if (value === 1) limits.push(envoyLimits[limit] ?? limit);
    else if (value !== 0) continue;
    draft.state = limits.length > 0 ? "open" : "closed";
    draft.note = limits.length > 0 ? `Limit reached: ${limits.join(", ")}` : null;
  }
  const byName = new Map([...reached.keys()].map((draft) => [`${draft.name}\n${draft.variant}`, draft]));
  for (const sample of samples) {
    const { name, labels, value } = sample;
    const part = envoyCounts.exec(name)?.[1];
    const draft = byName.get(`${clusterOf(sample)}\n${variants.of(sample)}`);
    if (part === undefined || !draft) continue;
    if (part === "rq_total") draft.counts.calls = add(draft.counts.calls, value);
    else if (part === "rq_time_bucket") addBucket(draft, labels.get("le"), 1, value);
    else draft.counts.refused = add(draft.counts.refused, value);
  }
  return found.all().map((breaker) => ({ ...breaker, state: breaker.state ?? "unknown" }));
}

/** All breakers in one scrape, in their common shape. */
export function breakersOf(samples: readonly Sample[]): ScrapedBreaker[] {
  const distinct = withoutDuplicates(samples);
  return [
    ...readResilience4j(distinct),
    ...readOpossum(distinct),
    ...readPolly(distinct),
    ...readEnvoy(distinct),
  ];
}
