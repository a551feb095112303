import type { BreakerCommand, BreakerState } from "../breaker-state.ts";
import { type AttachContext, type AttachedBreaker, createStateTrace, Refusal } from "./attached.ts";
import { createCallWindow } from "./call-window.ts";

type Listened = { dispose(): void };

/** The used part of a `CircuitBreakerPolicy` of cockatiel 3 or 4. */
export type CockatielPolicy = {
  /** 0 closed, 1 open, 2 half-open, 3 isolated. */
  readonly state: number;
  onStateChange(listener: (state: number) => void): Listened;
  onSuccess(listener: (event: { duration: number }) => void): Listened;
  onFailure(listener: (event: { duration: number; handled: boolean }) => void): Listened;
  isolate(): Listened;
};

export type CockatielOptions = {
  /**
   * `halfOpenAfter` in ms as passed to the policy, which does not expose it. Omit it when the delay grows by
   * back-off.
   */
  coolDownMs?: number;
  /** Failure ratio (0–1) of a `SamplingBreaker`. */
  threshold?: number;
  /** Window of a `SamplingBreaker`; defaults to 60 s. */
  windowMs?: number;
};

const states: readonly BreakerState[] = ["closed", "open", "half_open", "forced_open"];

/**
 * Reports a cockatiel breaker, which has neither a name nor figures of its own, and does not report rejected
 * calls. It goes half-open with the next call after its cool-down, so an idle one stays open and its
 * `nextProbeAt` is in the past. It can be forced open (isolated) and released; it cannot be forced closed.
 */
export function attachCockatiel(
  name: string,
  policy: CockatielPolicy,
  { coolDownMs, threshold, windowMs = 60_000 }: CockatielOptions,
  context: AttachContext,
): AttachedBreaker {
  const calls = createCallWindow(context.now);
  const stateNow = () => states[policy.state] ?? "unknown";
  const trace = createStateTrace(stateNow(), context);
  let isolation: Listened | null = null;

  const listened = [
    policy.onStateChange(() => trace.move(stateNow())),
    policy.onSuccess(({ duration }) => calls.add("success", duration)),
    // The policy ignores errors that it does not handle.
    policy.onFailure(({ duration, handled }) => calls.add(handled ? "failure" : "success", duration)),
  ];

  const letGo = () => {
    isolation?.dispose();
    isolation = null;
  };
  const act: Record<BreakerCommand, () => string> = {
    open: () => {
      isolation ??= policy.isolate();
      return "Forced open";
    },
    close: () => {
      throw new Refusal("cockatiel cannot force a breaker closed");
    },
    reset: () => {
      // Isolating and releasing is cockatiel's only way from open to closed.
      isolation ??= policy.isolate();
      letGo();
      if (stateNow() === "forced_open") throw new Refusal("The application itself has isolated this breaker");
      calls.clear();
      return "Closed";
    },
  };

  return {
    read() {
      trace.move(stateNow());
      const state = trace.state();
      const openedMs = state === "open" ? trace.seenSinceMs() : null;
      return {
        name,
        library: "cockatiel",
        state,
        since: trace.since(),
        transitions: trace.transitions(),
        nextProbeAt:
          openedMs === null || coolDownMs === undefined
            ? null
            : new Date(openedMs + coolDownMs).toISOString(),
        ...calls.figures({ ratioMs: windowMs, fewest: 1 }),
        refusedPerMinute: null,
        threshold: threshold ?? null,
        coolDownMs: coolDownMs ?? null,
        commands: ["open", "reset"],
      };
    },
    obey: (command) => act[command](),
    detach() {
      letGo();
      for (const each of listened) each.dispose();
    },
  };
}
