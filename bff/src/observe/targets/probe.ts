import type { Clock } from "#lib/time/clock.ts";
import { describeFailure } from "./describe-failure.ts";

export type Probe<T> = {
  /** Starts a run if one is due and none is running; resolves when it ends, and never rejects. */
  poke(): Promise<void>;
  latest(): { value: T; atMs: number } | null;
  /** Why the probe currently fails; null after a successful run or while the first is still running. */
  failure(): string | null;
};

/** A longer run counts as failing until it ends, unless its source says otherwise. */
const defaultLateMs = 2_000;

/**
 * Probes one target repeatedly without overlapping runs, so a hanging probe delays only itself.
 * @param options.lateMs how long a run may take before it counts as failing.
 */
export function createProbe<T>(
  sample: () => Promise<T>,
  { clock, everyMs, lateMs = defaultLateMs }: { clock: Clock; everyMs: number; lateMs?: number },
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
      if (running && runningMs > lateMs) return `No answer for ${Math.floor(runningMs / 1000)} s`;
      return error;
    },
  };
}

/**
 * Keeps a probe for each source of a changing list; a source that stays keeps its probe and results. `timeoutMs` of a
 * source is how long its run may take.
 */
export function createProbes<T, S extends object>(
  list: readonly (S & { timeoutMs?: number; sample(): Promise<T> })[],
  options: { clock: Clock; everyMs: number },
) {
  let known = new Map<object, Probe<T>>();
  const optionsOf = ({ timeoutMs }: { timeoutMs?: number }) =>
    timeoutMs === undefined ? options : { clock: options.clock, everyMs: options.everyMs, lateMs: timeoutMs };
  return () => {
    const probed = list.map((source) => ({
      source,
      probe: known.get(source) ?? createProbe(() => source.sample(), optionsOf(source)),
    }));
    known = new Map(probed.map(({ source, probe }) => [source, probe]));
    return probed;
  };
}
