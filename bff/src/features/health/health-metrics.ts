import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Clock } from "#lib/clock.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";

/** Metrics of this process and of what it observes, for Prometheus; read from memory when they are scraped. */
export function createMetrics({
  snapshots,
  clock,
  eventLoop,
}: {
  snapshots: SnapshotStore;
  clock: Clock;
  /** Of this process; null while it was not measured yet. */
  eventLoop(): EventLoopFigures | null;
}) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "wheelhouse_" });
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    set: (of: Gauge<L>) => void,
  ) =>
    new Gauge({
      name: `wheelhouse_${name}`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        set(this);
      },
    });
  const tick = () => snapshots.tick();

  gauge("snapshot_age_seconds", "Age of the newest observation", [], (metric) => {
    const observedAt = tick()?.observedAt;
    if (observedAt) metric.set((clock.now() - Date.parse(observedAt)) / 1000);
  });
  const eventLoopGauge = (name: string, help: string, read: (figures: EventLoopFigures) => number) =>
    gauge(`event_loop_${name}`, help, [], (metric) => {
      const figures = eventLoop();
      if (figures) metric.set(read(figures));
    });
  eventLoopGauge(
    "delay_p99_seconds",
    "99th percentile of how late this process' event loop was in its last report",
    ({ delayMsP99 }) => delayMsP99 / 1000,
  );
  eventLoopGauge(
    "delay_max_seconds",
    "How late this process' event loop was at most in its last report",
    ({ delayMsMax }) => delayMsMax / 1000,
  );
  eventLoopGauge(
    "busy_ratio",
    "Share of the time in which this process' event loop was not idle",
    ({ busyRatio }) => busyRatio,
  );
  gauge("queue_jobs", "Jobs of a queue by state", ["organization", "queue", "state"], (metric) => {
    for (const { organization, id, counts } of tick()?.queues ?? [])
      for (const [state, count] of Object.entries(counts))
        metric.set({ organization, queue: id, state }, count);
  });
  gauge(
    "queue_oldest_waiting_seconds",
    "Age of the oldest waiting job",
    ["organization", "queue"],
    (metric) => {
      for (const { organization, id, oldestWaitingMs } of tick()?.queues ?? [])
        metric.set({ organization, queue: id }, (oldestWaitingMs ?? 0) / 1000);
    },
  );
  gauge("queue_workers", "Workers that listen to a queue", ["organization", "queue"], (metric) => {
    for (const { organization, id, workers } of tick()?.queues ?? [])
      if (workers !== null) metric.set({ organization, queue: id }, workers);
  });
  gauge("server_up", "1 when a watched server answers", ["organization", "server", "kind"], (metric) => {
    for (const { organization, id, kind, state } of tick()?.servers ?? [])
      if (state !== "unknown") metric.set({ organization, server: id, kind }, state === "down" ? 0 : 1);
  });
  gauge("webhook_deliveries", "Deliveries that wait, by kind", ["organization", "kind"], (metric) => {
    const names = new Map((tick()?.organizations ?? []).map(({ id, slug }) => [id, slug]));
    for (const [id, figures] of Object.entries(tick()?.webhooks.value ?? {})) {
      const organization = names.get(id) ?? id;
      metric.set({ organization, kind: "pending" }, figures.pending);
      metric.set({ organization, kind: "dead_letter" }, figures.deadLetters);
    }
  });
  gauge(
    "service_up",
    "1 when a watched service is ok or degraded, 0 when it is down; absent while that is unknown",
    ["organization", "service"],
    (metric) => {
      for (const { organization, id, kind, state } of bounded(tick()?.services))
        if (kind === "service" && state !== "unknown")
          metric.set({ organization, service: id }, state === "down" ? 0 : 1);
    },
  );
  gauge(
    "service_latency_p95_seconds",
    "95th percentile of the checks of the last hour",
    ["organization", "service"],
    (metric) => {
      for (const { organization, id, latencyMsP95 } of bounded(tick()?.services))
        if (latencyMsP95 !== null) metric.set({ organization, service: id }, latencyMsP95 / 1000);
    },
  );
  gauge("breaker_state", "1 for the state of a breaker", ["organization", "breaker", "state"], (metric) => {
    for (const { organization, id, state } of bounded(tick()?.breakers))
      metric.set({ organization, breaker: id, state }, 1);
  });
  gauge("cache_hit_ratio", "Hits among the lookups of a cache", ["organization", "cache"], (metric) => {
    for (const { organization, id, hitRatio } of bounded(tick()?.caches))
      if (hitRatio !== null) metric.set({ organization, cache: id }, hitRatio);
  });
  return registry;
}

/** No scrape grows beyond this, however much is watched. */
const mostSeries = 5_000;
const bounded = <T>(rows: readonly T[] | undefined): readonly T[] => (rows ?? []).slice(0, mostSeries);
