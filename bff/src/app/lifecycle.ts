import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Feature, ProcessRole, Running } from "#lib/feature.ts";
import { within } from "#lib/time/deadline.ts";
import { createUpkeep } from "#lib/time/upkeep.ts";

const jobsEveryMs = 3_600_000;

/** Starts and stops the processes of all features, and runs their jobs. */
export function createLifecycle(deps: {
  /** Not yet closed; its close is one of the drains. */
  app: FastifyInstance;
  /** By name, in the order in which they start. */
  features: Readonly<Record<string, Feature>>;
  roles: readonly ProcessRole[];
  /** Longest that all drains may take together. */
  drainMs: number;
  log: Logger;
}) {
  const { app, features, roles, drainMs, log } = deps;
  // One row of jobs a feature, so that one with jobs that take minutes delays no other.
  const upkeeps = Object.values(features).flatMap(({ jobs = [] }) =>
    jobs.length === 0
      ? []
      : createUpkeep({
          log,
          everyMs: jobsEveryMs,
          tasks: Object.fromEntries(jobs.map(({ name, run }) => [name, run])),
        }),
  );
  // A signal may come while features still start.
  let isClosing = false;
  const started: { feature: string; running: Running }[] = [];

  const end = (feature: string, work: () => Promise<void>) =>
    // A feature that cannot stop does not keep the others from stopping.
    Promise.resolve()
      .then(work)
      .catch((err: unknown) => log.warn({ err, feature }, "a feature could not be stopped in order"));

  return {
    /** Starts each process of which a role is on, in the order of the list. @throws what a start throws. */
    async start() {
      for (const upkeep of upkeeps) upkeep.start();
      for (const [feature, { processes = [] }] of Object.entries(features))
        for (const process of processes)
          if (!isClosing && process.in.some((role) => roles.includes(role)))
            started.push({ feature, running: await process.start() });
    },
    /** Drains everything side by side with the server, then stops in the opposite order. Never rejects. */
    async close() {
      isClosing = true;
      for (const upkeep of upkeeps) upkeep.stop();
      const drains = [
        end("server", async () => app.close()),
        ...started.map(({ feature, running }) => end(feature, running.drain)),
      ];
      await within(drainMs, Promise.all(drains)).catch(() =>
        log.warn({ drainMs }, "the time to drain is over; what still runs is stopped"),
      );
      for (const { feature, running } of started.splice(0).reverse()) await end(feature, running.stop);
    },
  };
}
