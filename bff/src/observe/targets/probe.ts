import type { Clock } from "#lib/time/clock.ts";
import { describeFailure } from "./describe-failure.ts";

export type Probe<T> = {
  /** Starts a run when one is due and none is going on; resolves when it ended, and never rejects. */
  poke(): Promise<void>;
  latest(): { value: T; atMs: number } | null;
  /** Why it cannot be asked now; null when the last run succeeded or the first is still going on. */
  failure(): string | null;
};

/** A run that takes longer than this counts as failing while it still goes on. */
const lateAfterMs = 2_000;

/** Asks one thing again and again, never twice at a time, so that what hangs holds up nothing but itself. */
export function createProbe<T>(
  sample: () => Promise<T>,
  { clock, everyMs }: { clock: Clock; everyMs: number },
): Probe<T> {
  let latest: { value: T; atMs: number } | null = null;
  let error: string | null = null;
  let startedMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  const run = async () => {
    try {
      latest = { value: await sample(), atMs: clock.now() };
      error = null;
    } catch (reason) {
      error = describeFailure(reason);
    } finally {
      running = undefined;
    }
  };

  return {
    poke() {
      // A tick may come a little early; a probe for every tick must not miss it.
      if (!running && clock.now() - startedMs >= everyMs * 0.9) {
        startedMs = clock.now();
        running = run();
      }
      return running ?? Promise.resolve();
    },
    latest: () => latest,
    failure() {
      const runningMs = clock.now() - startedMs;
      if (running && runningMs > lateAfterMs) return `No answer for ${Math.floor(runningMs / 1000)} s`;
      return error;
    },
  };
}

/** A probe for each source of a list that may change; a source that stays keeps its probe and what it knows. */
export function createProbes<T, S extends object>(
  list: readonly (S & { sample(): Promise<T> })[],
  options: { clock: Clock; everyMs: number },
) {
  let known = new Map<object, Probe<T>>();
  return () => {
    const probed = list.map((source) => ({
      source,
      probe: known.get(source) ?? createProbe(() => source.sample(), options),
    }));
    known = new Map(probed.map(({ source, probe }) => [source, probe]));
    return probed;
  };
}
