import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Clock } from "#lib/time/clock.ts";
import type { Aspect } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { noRows } from "#observe/tick/tick.ts";

/** Prometheus metrics of this process and of what it observes, read from memory when scraped. */
export function createMetrics({
  aspects,
  snapshots,
  clock,
  eventLoop,
}: {
  /** Aspects whose rows are exported. */
  aspects: readonly Aspect[];
  snapshots: Pick<SnapshotStore, "tick">;
  clock: Clock;
  /** Of this process; null before the first measurement. */
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
    const observedAt = tick()?.head.observedAt;
    if (observedAt) metric.set((clock.now() - Date.parse(observedAt)) / 1000);
  });
  const eventLoopGauge = (name: string, help: string, read: (figures: EventLoopFigures) => number) =>
    gauge(`event_loop_${name}`, help, [], (metric) => {
      const figures = eventLoop();
      if (figures) metric.set(read(figures));
    });
  eventLoopGauge(
    "delay_p99_seconds",
    "99th percentile of the event loop lag of this process in its last report",
    ({ delayMsP99 }) => delayMsP99 / 1000,
  );
  eventLoopGauge(
    "delay_max_seconds",
    "Maximum event loop lag of this process in its last report",
    ({ delayMsMax }) => delayMsMax / 1000,
  );
  eventLoopGauge(
    "busy_ratio",
    "Share of time during which the event loop of this process was busy",
    ({ busyRatio }) => busyRatio,
  );
  for (const { key, gauges = [] } of aspects)
    for (const { name, help, labels, tell, most } of gauges)
      gauge(name, help, [...labels], (metric) => {
        const rows = tick()?.rows[key] ?? noRows;
        for (const row of rows.slice(0, most)) tell(row, (of, value) => metric.set(of, value));
      });
  return registry;
}
