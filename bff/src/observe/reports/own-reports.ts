import { hostname } from "node:os";
import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import {
  createReporter,
  type Reporter,
  type ReporterSubscriber,
} from "@wheelhouse/shared/reporter/reporter.ts";
import type { Redis } from "ioredis";
import type { Clock } from "#lib/time/clock.ts";
import type { EventLoop } from "#lib/time/event-loop.ts";
import { ownService } from "./own-service.ts";

export const ownReportsEveryMs = 2_000;

/** Reports this process of Wheelhouse like a watched service, over its own Redis. */
export function createOwnReports(deps: {
  redis: Redis;
  /** A connection that carries no other commands. */
  subscriber: ReporterSubscriber;
  /** The roles of this process. */
  roles: readonly string[];
  eventLoop: EventLoop;
  /** What this process reports about itself. */
  parts: readonly { report(reporter: Reporter): void }[];
  clock: Clock;
}) {
  const { redis, subscriber, roles, eventLoop, parts, clock } = deps;
  let reporter: Reporter | undefined;
  let latest: Report | null = null;

  return {
    start() {
      eventLoop.start();
      reporter ??= createReporter({
        redis,
        subscriber,
        service: ownService,
        instance: `${hostname()}/${process.pid}`,
        intervalMs: ownReportsEveryMs,
        now: clock.now,
        process: () => ({
          about: roles.join(", "),
          eventLoop: eventLoop.read(),
          upMs: Math.round(performance.now()),
        }),
      });
      for (const part of parts) part.report(reporter);
    },
    /** The last report, at most one interval old, whether Redis accepts it or not; null before the start. */
    latest(): Report | null {
      if (!reporter) return null;
      const isOld = latest === null || clock.now() - Date.parse(latest.reportedAt) >= ownReportsEveryMs;
      if (isOld) latest = reporter.report();
      return latest;
    },
    async close() {
      eventLoop.stop();
      await reporter?.close();
    },
  };
}
