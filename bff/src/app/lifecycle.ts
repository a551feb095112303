import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Feature, ProcessRole, Running } from "#lib/feature.ts";
import { within } from "#lib/time/deadline.ts";
import { createUpkeep } from "#lib/time/upkeep.ts";

const jobsEveryMs = 3_600_000;

/** Starts and stops the processes of all features, and runs their jobs. */
export function createLifecycle(deps: {
  /** Not closed yet; closing it is one of the drains. */
  app: FastifyInstance;
  /** By name, in start order. */
  features: Readonly<Record<string, Feature>>;
  roles: readonly ProcessRole[];
  /** The longest that all drains together may take. */
  drainMs: number;
  log: Logger;
}) {
  const { app, features, roles, drainMs, log } = deps;
  const ending = new AbortController();
  // Each feature runs its jobs in a sequence of its own, so that jobs which take minutes delay no other feature.
  const upkeeps = Object.values(features).flatMap(({ jobs = [] }) =>
    jobs.some(({ on }) => on === "every process")
      ? createUpkeep({
          log,
          everyMs: jobsEveryMs,
          tasks: Object.fromEntries(
            jobs
              .filter(({ on }) => on === "every process")
              .map(({ name, run }) => [name, () => run(ending.signal)]),
          ),
        })
      : [],
  );
  // A signal may arrive while features are still starting.
  let isClosing = false;
  const started: { feature: string; running: Running }[] = [];

  const end = (feature: string, work: () => Promise<void>) =>
    // A feature that cannot stop does not keep the others from stopping.
    Promise.resolve()
      .then(work)
      .catch((err: unknown) => log.warn({ err, feature }, "a feature could not be stopped in order"));

  return {
    /**
     * Starts each process with an active role, in list order.
     * @throws the error of a failed start.
     */
    async start() {
      for (const upkeep of upkeeps) upkeep.start();
      for (const [feature, { processes = [] }] of Object.entries(features))
        for (const process of processes)
          if (!isClosing && process.in.some((role) => roles.includes(role)))
            started.push({ feature, running: await process.start() });
    },
    /** Drains everything in parallel with the server, then stops in the opposite order. Never rejects. */
    async close() {
      isClosing = true;
      for (const upkeep of upkeeps) upkeep.stop();
      ending.abort();
      const drains = [
        end("server", async () => app.close()),
        ...started.map(({ feature, running }) => end(feature, running.drain)),
      ];
      await within(drainMs, Promise.all(drains)).catch(() =>
        log.warn({ drainMs }, "the drain time is over; stopping what still runs"),
      );
      for (const { feature, running } of started.splice(0).reverse()) await end(feature, running.stop);
    },
  };
}
