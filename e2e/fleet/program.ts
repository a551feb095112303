/** The frame of each fleet program: it ends with its supervisor, ends in time, and logs little. */

const stopDeadlineMs = 2000;
const logSpacingMs = 5000;

export type Log = (message: string) => void;

/** At most one line in 5 s; the next one counts the lines that were dropped. */
const createLog = (name: string): Log => {
  let lastAt = Number.NEGATIVE_INFINITY;
  let skipped = 0;
  return (message) => {
    const now = performance.now();
    if (now - lastAt < logSpacingMs) {
      skipped += 1;
      return;
    }
    console.log(`[${name}] ${message}${skipped > 0 ? ` (and ${skipped} more)` : ""}`);
    lastAt = now;
    skipped = 0;
  };
};

/**
 * Runs `start`, and on SIGTERM, SIGINT or the loss of the supervisor the stop function that it returned; a stop that
 * takes over 2 s is cut off. A program that fails exits with 1, and the supervisor restarts it.
 */
export const runProgram = async (
  name: string,
  start: (log: Log) => Promise<() => Promise<void>>,
): Promise<void> => {
  const log = createLog(name);
  let stop: () => Promise<void> = async () => {};
  let ending = false;
  const end = async (code: number) => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(code), stopDeadlineMs).unref();
    try {
      await stop();
    } catch (error) {
      log(`did not stop cleanly: ${String(error)}`);
    }
    process.exit(code);
  };
  const fail = (error: unknown) => {
    console.error(`[${name}]`, error);
    void end(1);
  };
  process.on("SIGTERM", () => void end(0));
  process.on("SIGINT", () => void end(0));
  process.on("disconnect", () => void end(0));
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  try {
    stop = await start(log);
  } catch (error) {
    fail(error);
  }
};
