import { AddressRefusedError } from "#lib/security/address-filter.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { CallTarget } from "./call-target.ts";
import type { WatchHttp } from "./watch-http.ts";

const failuresMax = 3;
const mostMoves = 20;
const mostCalls = 60;
const windowMs = 60_000;
/** Longer than any target waits for its next call. */
const forgottenAfterIntervals = 5;

export type CallState = "closed" | "half_open" | "open";
type Call = { atMs: number; failed: boolean; latencyMs: number | null };

/** The breaker of one target's calls; made anew with every change. */
export type TargetCalls = {
  target: CallTarget;
  state: CallState;
  sinceMs: number;
  moves: readonly { atMs: number; state: CallState }[];
  /** When the next call is due, if it is open. */
  nextProbeAtMs: number | null;
  /** Why the last call failed; null if it did not. */
  failure: string | null;
  /** Those of the last minute, and three intervals at least. */
  calls: readonly Call[];
  observedAtMs: number;
};

type Known = TargetCalls & { failures: number; startedMs: number };

/**
 * Breakers of calls that return at an interval by themselves, such as checks. They open after three failures in a row
 * and close with the first success. Each call at its interval is the probe: it always passes, because a check that is
 * not made would hide both the target's answer and its recovery.
 */
export function createWatchedCalls({ clock }: { clock: Clock }) {
  const known = new Map<string, Known>();

  const moved = (before: Known, state: CallState, nowMs: number): Known =>
    before.state === state
      ? before
      : {
          ...before,
          state,
          sinceMs: nowMs,
          moves: [...before.moves, { atMs: nowMs, state }].slice(-mostMoves),
        };

  const begin = (key: string, target: CallTarget): Known => {
    const nowMs = clock.now();
    const before = known.get(key) ?? {
      target,
      state: "closed" as const,
      sinceMs: nowMs,
      moves: [],
      nextProbeAtMs: null,
      failure: null,
      calls: [],
      observedAtMs: nowMs,
      failures: 0,
      startedMs: nowMs,
    };
    const state = before.state === "open" ? "half_open" : before.state;
    return { ...moved(before, state, nowMs), target, nextProbeAtMs: null, startedMs: nowMs };
  };

  const end = (key: string, during: Known, failure: string | null) => {
    const nowMs = clock.now();
    const { intervalMs } = during.target;
    const failures = failure === null ? 0 : during.failures + 1;
    const state = failures >= failuresMax ? "open" : "closed";
    const oldestMs = nowMs - Math.max(windowMs, 3 * intervalMs);
    const call = {
      atMs: nowMs,
      failed: failure !== null,
      latencyMs: failure === null ? nowMs - during.startedMs : null,
    };
    known.set(key, {
      ...moved(during, state, nowMs),
      failures,
      failure,
      nextProbeAtMs: state === "open" ? during.startedMs + intervalMs : null,
      calls: [...during.calls.filter(({ atMs }) => atMs > oldestMs), call].slice(-mostCalls),
      observedAtMs: nowMs,
    });
  };

  async function run<T>(target: CallTarget, work: () => Promise<T>, statusOf: (answer: T) => number | null) {
    const key = JSON.stringify([target.organization, target.purpose, target.id, target.instance]);
    const during = begin(key, target);
    if (during.state === "half_open") known.set(key, during);
    try {
      const answer = await work();
      const status = statusOf(answer);
      const failed = status !== null && target.failsFromStatus !== null && status >= target.failsFromStatus;
      end(key, during, failed ? `Responded with status ${status}` : null);
      return answer;
    } catch (error) {
      // An address that may not be reached was not called.
      if (!(error instanceof AddressRefusedError))
        end(key, during, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  return {
    /** The same client, with a breaker for each target that a call names. */
    around: (http: WatchHttp): WatchHttp => ({
      get: (url, options) =>
        options.target
          ? run(
              options.target,
              () => http.get(url, options),
              ({ statusCode }) => statusCode,
            )
          : http.get(url, options),
      connect: (url, options) =>
        options.target
          ? run(
              options.target,
              () => http.connect(url, options),
              () => null,
            )
          : http.connect(url, options),
    }),
    /** The breakers of the targets that were called lately; an unchanged one is the same object. */
    all(): readonly TargetCalls[] {
      const nowMs = clock.now();
      for (const [key, { observedAtMs, target }] of known)
        if (nowMs - observedAtMs > Math.max(windowMs, forgottenAfterIntervals * target.intervalMs))
          known.delete(key);
      return [...known.values()].filter(({ calls }) => calls.length > 0);
    },
    forget: () => known.clear(),
  };
}
export type WatchedCalls = ReturnType<typeof createWatchedCalls>;
