import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Core, Feature, OwnJob, Running } from "#lib/feature.ts";
import { ownScheduleList } from "#lib/own-schedules.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { createBell, listenForRings } from "./ring.ts";
import { createOwnRunner } from "./runner.ts";
import { createOwnRunsStore } from "./store.ts";

export { createBell, isRingQueue } from "./ring.ts";

/** How often each worker looks by itself, for what fell due while Redis was away. */
const lookEveryMs = 10_000;
const closeWithinMs = 2_000;

/** Carries out Wheelhouse's own schedules: in the processes with the role `worker`, each run in one of them. */
export function createOwnSchedules(
  { database, redis, log }: Pick<Core, "database" | "redis" | "log">,
  { redisUrl, jobs }: { redisUrl: string; jobs: readonly OwnJob[] },
) {
  const schedules = ownScheduleList.map((declared) => ({
    ...declared,
    steps: jobs.filter(({ on }) => on === declared.name),
  }));

  async function start(): Promise<Running> {
    const store = createOwnRunsStore(database, `${hostname()}/${process.pid}/${randomUUID()}`);
    const runner = createOwnRunner({ schedules, store, log });
    const bell = createBell(redis, log);
    const connection = createRedis({
      url: redisUrl,
      name: "wheelhouse-schedules-worker",
      log,
      blocking: true,
    });
    const worker = listenForRings({ redis: connection, onRing: runner.check, log });
    let isSet = false;
    const look = async () => {
      await runner.declare();
      if (!isSet && redis.status === "ready") {
        await bell.set(schedules);
        isSet = true;
      }
      await runner.check();
    };
    const quietly = () =>
      look().catch((err: unknown) =>
        log.debug({ err }, "schedules could not be looked at; retrying in 10 s"),
      );
    void quietly();
    const timer = setInterval(() => void quietly(), lookEveryMs).unref();
    return {
      async drain() {
        clearInterval(timer);
        await runner.stop();
      },
      async stop() {
        const closed = Promise.all([worker.close(true), bell.close()]).catch(() => {});
        await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, closeWithinMs).unref())]);
        connection.disconnect();
      },
    };
  }
  return { processes: [{ in: ["worker"], start }] } satisfies Feature;
}
