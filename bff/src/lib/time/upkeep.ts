import type { Logger } from "pino";

type UpkeepOptions = { tasks: Record<string, () => Promise<unknown>>; everyMs: number; log: Logger };

/**
 * Runs small, repeatable tasks at start and then at this interval, in each process; a task with nothing to do costs one
 * statement. A failed task is logged and runs again next time.
 */
export function createUpkeep({ tasks, everyMs, log }: UpkeepOptions) {
  let timer: NodeJS.Timeout | undefined;
  async function run() {
    for (const [task, work] of Object.entries(tasks))
      await work().catch((err: unknown) =>
        log.warn({ err, task }, "an upkeep task failed; it runs again next time"),
      );
  }
  return {
    start() {
      timer ??= setInterval(() => void run(), everyMs).unref();
      void run();
    },
    stop() {
      clearInterval(timer);
    },
  };
}
