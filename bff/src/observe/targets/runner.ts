import { isDeepStrictEqual } from "node:util";
import { formatSetSpan } from "@wheelhouse/shared/span.ts";
import type { Clock } from "#lib/time/clock.ts";
import { describeFailure } from "./describe-failure.ts";

export type Target = { key: string; intervalMs: number; timeoutMs: number };
export type TargetResult<R, T = unknown> = {
  target: T;
  latest: { value: R; atMs: number } | null;
  /** Why the last run gave no value; null when it gave one. */
  failure: string | null;
  failedAtMs: number | null;
  /** The last run took all its time. */
  timedOut: boolean;
};

export type TargetRunner<T extends Target, R> = {
  /** What is asked from now on. A target that is equal to the one before keeps its results and its turn. */
  setTargets(targets: readonly T[]): void;
  /** Makes these due at once, out of turn; one that runs already is left as it is. */
  hurry(keys: readonly string[]): void;
  /** Starts what is due, and waits for nothing. */
  poke(nowMs: number): void;
  /** By key; empty for what was not asked yet. */
  results(): ReadonlyMap<string, TargetResult<R, T>>;
  /** Aborts what runs and forgets all results, until it is poked again. */
  rest(): void;
};

/** After the outcome has turned, so many runs follow closely, so that a change is certain within one interval. */
const confirmations = 2;
const backOffAfter = 10;
// Beyond 2 intervals an answer would count as stale, although it was asked for.
const largestBackOff = 1.5;
const jitter = 0.05;
const startGapMs = 5;

type Entry<T, R> = TargetResult<R, T> & {
  dueMs: number;
  queued: boolean;
  running: AbortController | null;
  failing: boolean | null;
  /** Runs in a row with this outcome. */
  streak: number;
};

/**
 * Asks many targets again and again: never more than `concurrency` at a time, none twice at a time, each in a rhythm
 * of its own. Of the places, half are kept from targets that last took all their time, so that what accepts and never
 * answers does not keep the others waiting.
 *
 * @param check must end when `signal` aborts; what it throws becomes `failure`.
 * @param isFailing a value that tells of a failure; it is then asked again sooner, and less often when it lasts.
 */
export function createTargetRunner<T extends Target, R>({
  check,
  concurrency,
  clock,
  random,
  isFailing = () => false,
}: {
  check: (target: T, signal: AbortSignal) => Promise<R>;
  concurrency: number;
  clock: Clock;
  /** 0 to 1. */
  random: () => number;
  isFailing?: (value: R) => boolean;
}): TargetRunner<T, R> {
  const entries = new Map<string, Entry<T, R>>();
  const ready: Entry<T, R>[] = [];
  const slowPlaces = Math.max(1, Math.floor(concurrency / 2));
  let running = 0;
  let runningSlow = 0;
  let isResting = true;

  const begin = (fresh: readonly Entry<T, R>[], nowMs: number) => {
    for (const entry of fresh) {
      const spreadMs = Math.min(entry.target.intervalMs, fresh.length * startGapMs);
      entry.dueMs = nowMs + random() * spreadMs;
    }
  };

  const waitMs = ({ target: { intervalMs }, failing, streak }: Entry<T, R>) => {
    const factor =
      streak <= confirmations
        ? 1 / (confirmations + 1)
        : failing && streak > backOffAfter
          ? Math.min(largestBackOff, 1 + (streak - backOffAfter) / 20)
          : 1;
    return intervalMs * factor * (1 + jitter * (2 * random() - 1));
  };

  const finish = (entry: Entry<T, R>, startedMs: number, failing: boolean, isLate: boolean) => {
    entry.streak = entry.failing === failing ? entry.streak + 1 : 1;
    // The first outcome of all has turned from nothing.
    if (entry.failing === null && !failing) entry.streak = confirmations + 1;
    entry.failing = failing;
    entry.timedOut = isLate;
    entry.dueMs = startedMs + waitMs(entry);
  };

  const run = async (entry: Entry<T, R>) => {
    const { target } = entry;
    const abort = new AbortController();
    const startedMs = clock.now();
    const wasSlow = entry.timedOut;
    entry.running = abort;
    running += 1;
    if (wasSlow) runningSlow += 1;
    let isOver = false;
    const leave = () => {
      if (isOver) return false;
      isOver = true;
      running -= 1;
      if (wasSlow) runningSlow -= 1;
      return true;
    };
    const fail = (failure: string, isLate: boolean) => {
      entry.failure = failure;
      entry.failedAtMs = clock.now();
      finish(entry, startedMs, true, isLate);
    };
    const timer = setTimeout(() => {
      // The place is given back at once; the target itself waits until its run has really ended.
      if (!leave()) return;
      fail(`No answer within ${formatSetSpan(target.timeoutMs)}`, true);
      abort.abort(new Error(`No answer in time (timeout ${target.timeoutMs} ms)`));
      startReady();
    }, target.timeoutMs);
    const isCurrent = () => entries.get(target.key) === entry && entry.running === abort;
    try {
      const value = await check(target, abort.signal);
      if (leave() && isCurrent()) {
        entry.latest = { value, atMs: clock.now() };
        entry.failure = null;
        entry.failedAtMs = null;
        finish(entry, startedMs, isFailing(value), false);
      }
    } catch (error) {
      if (leave() && isCurrent()) fail(describeFailure(error), false);
    } finally {
      clearTimeout(timer);
      if (entry.running === abort) entry.running = null;
      startReady();
    }
  };

  const startReady = () => {
    let index = 0;
    while (running < concurrency && index < ready.length) {
      const entry = ready[index];
      if (!entry) break;
      if (entry.timedOut && runningSlow >= slowPlaces) {
        index += 1;
        continue;
      }
      ready.splice(index, 1);
      entry.queued = false;
      void run(entry);
    }
  };

  const forget = (entry: Entry<T, R>) => {
    entries.delete(entry.target.key);
    entry.running?.abort(new Error("It is not watched any more"));
    const index = ready.indexOf(entry);
    if (index >= 0) ready.splice(index, 1);
  };

  const setTargets = (targets: readonly T[]) => {
    const wanted = new Map(targets.map((target) => [target.key, target]));
    for (const entry of [...entries.values()])
      if (!isDeepStrictEqual(wanted.get(entry.target.key), entry.target)) forget(entry);
    const fresh = [...wanted.values()]
      .filter(({ key }) => !entries.has(key))
      .map((target): Entry<T, R> => {
        const entry = {
          target,
          latest: null,
          failure: null,
          failedAtMs: null,
          dueMs: 0,
          queued: false,
          running: null,
          failing: null,
          streak: 0,
          timedOut: false,
        };
        entries.set(target.key, entry);
        return entry;
      });
    begin(fresh, clock.now());
  };

  return {
    setTargets,
    hurry(keys) {
      for (const key of keys) {
        const entry = entries.get(key);
        if (entry) entry.dueMs = clock.now();
      }
    },
    poke(nowMs) {
      if (isResting) begin([...entries.values()], nowMs);
      isResting = false;
      const due = [...entries.values()].filter(
        (entry) => !entry.queued && !entry.running && entry.dueMs <= nowMs,
      );
      for (const entry of due.sort((a, b) => a.dueMs - b.dueMs)) {
        entry.queued = true;
        ready.push(entry);
      }
      startReady();
    },
    results: () => entries,
    rest() {
      if (isResting) return;
      isResting = true;
      const targets = [...entries.values()].map(({ target }) => target);
      for (const entry of [...entries.values()]) forget(entry);
      setTargets(targets);
    },
  };
}
