import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";

/** The histogram's sampling interval; an idle loop's samples are about this long. */
const resolutionMs = 10;

/**
 * Measures the lag of this process's event loop. Node measures it itself, without a turn of the loop, in windows of at
 * least `windowMs`: all readers get the newest complete window.
 */
export function createEventLoop({
  windowMs,
  now = () => performance.now(),
}: {
  windowMs: number;
  now?(): number;
}) {
  let histogram: IntervalHistogram | undefined;
  let used = performance.eventLoopUtilization();
  let beganMs = now();
  let newest: EventLoopFigures | null = null;
  let isStarting = true;

  return {
    start() {
      histogram ??= monitorEventLoopDelay({ resolution: resolutionMs });
      histogram.enable();
      used = performance.eventLoopUtilization();
      beganMs = now();
    },
    /** Null until two windows are complete: the first covers the start. */
    read(): EventLoopFigures | null {
      const lastedMs = now() - beganMs;
      if (!histogram || lastedMs < windowMs) return newest;
      const since = performance.eventLoopUtilization(used);
      // A loop that was blocked the whole time has no sample yet: all of it is delay.
      const late = (ns: number) => (histogram?.count === 0 ? lastedMs : Math.max(0, ns / 1e6 - resolutionMs));
      const figures = {
        windowMs: Math.round(lastedMs),
        delayMsP99: tenths(late(histogram.percentile(99))),
        delayMsMax: tenths(late(histogram.max)),
        busyRatio: Math.min(1, Math.round(since.utilization * 1_000) / 1_000),
      };
      // A start is always busy and says nothing about the time after it.
      newest = isStarting ? null : figures;
      isStarting = false;
      histogram.reset();
      used = performance.eventLoopUtilization();
      beganMs = now();
      return newest;
    },
    stop: () => histogram?.disable(),
  };
}
export type EventLoop = ReturnType<typeof createEventLoop>;

const tenths = (ms: number) => Math.round(ms * 10) / 10;
