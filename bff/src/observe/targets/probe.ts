import type { Clock } from "#lib/time/clock.ts";
import { describeFailure } from "./describe-failure.ts";

export type Probe<T> = {
  /** Starts a run if one is due and none is running; resolves when it ends, and never rejects. */
  poke(): Promise<void>;
  latest(): { value: T; atMs: number } | null;
  /** Why the probe currently fails; null after a successful run or while the first is still running. */
  failure(): string | null;
};

/** A longer run counts as failing until it ends. */
const lateAfterMs = 2_000;

/** Probes one target repeatedly without overlapping runs, so a hanging probe delays only itself. */
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
      // A tick may come slightly early and must not skip a probe that is due every tick.
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

/** Keeps a probe for each source of a changing list; a source that stays keeps its probe and results. */
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
