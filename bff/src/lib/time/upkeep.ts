import type { Logger } from "pino";

type UpkeepOptions = { tasks: Record<string, () => Promise<unknown>>; everyMs: number; log: Logger };

/**
 * Runs small, repeatable tasks at start and then at this rhythm, in each process: what they find done already costs
 * one statement. A task that fails is logged and comes again the next time.
 */
export function createUpkeep({ tasks, everyMs, log }: UpkeepOptions) {
  let timer: NodeJS.Timeout | undefined;
  async function run() {
    for (const [task, work] of Object.entries(tasks))
      await work().catch((err: unknown) => log.warn({ err, task }, "upkeep failed, it is tried again later"));
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
