import { isDeepStrictEqual } from "node:util";
import { formatSetSpan } from "@wheelhouse/shared/span.ts";
import type { Clock } from "#lib/time/clock.ts";
import { describeFailure } from "./describe-failure.ts";

export type Target = { key: string; intervalMs: number; timeoutMs: number };
export type TargetResult<R, T = unknown> = {
  target: T;
  latest: { value: R; atMs: number } | null;
  /** Why the last run returned no value; null if it returned one. */
  failure: string | null;
  failedAtMs: number | null;
  /** The last run timed out. */
  timedOut: boolean;
};

export type TargetRunner<T extends Target, R> = {
  /** Sets the targets. A target equal to the previous one keeps its results and its turn. */
  setTargets(targets: readonly T[]): void;
  /** Makes these due at once, out of turn; leaves a running check alone. */
  hurry(keys: readonly string[]): void;
  /** Starts what is due without waiting for it. */
  poke(nowMs: number): void;
  /** By key; without targets that have not been checked yet. */
  results(): ReadonlyMap<string, TargetResult<R, T>>;
  /** Aborts running checks and discards all results, until the next poke. */
  rest(): void;
};

/** After the outcome changes, this many runs follow closely, so that the change is confirmed within one interval. */
const confirmations = 2;
const backOffAfter = 10;
// Beyond 2 intervals an answer would count as stale even though its check ran on time.
const largestBackOff = 1.5;
const jitter = 0.05;
const startGapMs = 5;

type Entry<T, R> = TargetResult<R, T> & {
  dueMs: number;
  queued: boolean;
  running: AbortController | null;
  failing: boolean | null;
  /** Consecutive runs with this outcome. */
  streak: number;
};

/**
 * Checks many targets repeatedly: at most `concurrency` at a time, none twice at a time, each in its own rhythm. Half
 * of the slots are closed to targets whose last run timed out, so that targets which accept and never answer do not
 * hold up the others.
 * @param check must end when `signal` aborts; an error becomes `failure`.
 * @param isFailing true for a value that means failure; the target is then checked again sooner, and less often if the
 * failure lasts.
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
  /** From 0 to 1. */
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
    // The first outcome is not a change.
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
      // The slot is freed at once; the target itself waits until its run has really ended.
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
