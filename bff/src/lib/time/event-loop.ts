import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";

/** The histogram takes one sample so often; a quiet loop's samples are as long as this. */
const resolutionMs = 10;

/**
 * How late this process' event loop is. Measured by Node itself, without a turn of the loop, in windows of at least
 * `windowMs`: however many read, all read the newest whole window.
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
    /** Null until two windows are over: the first is of the start. */
    read(): EventLoopFigures | null {
      const lastedMs = now() - beganMs;
      if (!histogram || lastedMs < windowMs) return newest;
      const since = performance.eventLoopUtilization(used);
      // Of a loop that stood still the whole time there is no sample yet: all of it is delay.
      const late = (ns: number) => (histogram?.count === 0 ? lastedMs : Math.max(0, ns / 1e6 - resolutionMs));
      const figures = {
        windowMs: Math.round(lastedMs),
        delayMsP99: tenths(late(histogram.percentile(99))),
        delayMsMax: tenths(late(histogram.max)),
        busyRatio: Math.min(1, Math.round(since.utilization * 1_000) / 1_000),
      };
      // A start is busy by nature, and tells nothing of the time after it.
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
