import { hostname } from "node:os";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import {
  createReporter,
  type Reporter,
  type ReporterSubscriber,
} from "@wheelhouse/shared/reporter/reporter.ts";
import type { Redis } from "ioredis";
import type { Clock } from "#lib/clock.ts";
import { ownService } from "#observe/own-service.ts";

const intervalMs = 2_000;

/** This process of Wheelhouse, reporting what it has like a watched service, over its own Redis. */
export function createOwnReports(deps: {
  redis: Redis;
  /** A connection that takes no other commands. */
  subscriber: ReporterSubscriber;
  caches: { report(reporter: Reporter): void };
  breakers: readonly { report(reporter: Reporter): void }[];
  clock: Clock;
}) {
  const { redis, subscriber, caches, breakers, clock } = deps;
  let reporter: Reporter | undefined;
  let latest: Report | null = null;

  return {
    start() {
      reporter ??= createReporter({
        ...{ redis, subscriber, service: ownService, instance: `${hostname()}/${process.pid}` },
        ...{ intervalMs, now: clock.now },
      });
      for (const each of [caches, ...breakers]) each.report(reporter);
    },
    /** What it tells, at most an interval old, whether Redis takes it or not; null before it was started. */
    latest(): Report | null {
      if (!reporter) return null;
      const isOld = latest === null || clock.now() - Date.parse(latest.reportedAt) >= intervalMs;
      if (isOld) latest = reporter.report();
      return latest;
    },
    async close() {
      await reporter?.close();
    },
  };
}
