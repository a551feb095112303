import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

/**
 * Repeats `round`, each time after the delay returned by the previous one, until it is stopped. `rest`: what
 * is still running when the last round has ended.
 */
export function repeatRounds(options: {
  round: () => Promise<number>;
  failedWaitMs: number;
  /** Logged at the first failure in a row. */
  failure: string;
  log: Logger;
  rest: () => Promise<void>;
}) {
  const { round, failedWaitMs, failure, log, rest } = options;
  const stop = new AbortController();
  let failed = false;
  const running = (async () => {
    while (!stop.signal.aborted) {
      const waitMs = await round().then(
        (ms) => {
          failed = false;
          return ms;
        },
        (err: unknown) => {
          if (!failed) log.warn({ err }, failure);
          failed = true;
          return failedWaitMs;
        },
      );
      await sleep(waitMs, undefined, { signal: stop.signal, ref: false }).catch(() => {});
    }
    await rest();
  })();
  return {
    async stop() {
      stop.abort();
      await running;
    },
  };
}
