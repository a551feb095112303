import type { BreakerCommand, BreakerState } from "../breakers.ts";
import { type AttachContext, type AttachedBreaker, createStateTrace, Refusal } from "./attached.ts";
import { createCallWindow } from "./call-window.ts";

type Listened = { dispose(): void };

/** What is used of a `CircuitBreakerPolicy` of cockatiel 3 or 4. */
export type CockatielPolicy = {
  /** 0 closed, 1 open, 2 half-open, 3 isolated. */
  readonly state: number;
  onStateChange(listener: (state: number) => void): Listened;
  onSuccess(listener: (event: { duration: number }) => void): Listened;
  onFailure(listener: (event: { duration: number; handled: boolean }) => void): Listened;
  isolate(): Listened;
};

export type CockatielOptions = {
  /** As given to the policy, which does not tell: `halfOpenAfter` in ms. Left out where it grows by a back-off. */
  coolDownMs?: number;
  /** Failure ratio (0–1) of a `SamplingBreaker`. */
  threshold?: number;
  /** Window of a `SamplingBreaker`; 60 s unless told. */
  windowMs?: number;
};

const states: readonly BreakerState[] = ["closed", "open", "half_open", "forced_open"];

/**
 * Reports a breaker of cockatiel, which has neither name nor figures of its own, and tells nothing of calls that it
 * refused. It goes half-open with the next call after its cool-down, so an idle one stays open and its `nextProbeAt` lies
 * in the past. It can be isolated (forced open) and let go; it cannot be held closed.
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
    // An error that the policy does not handle says nothing to the breaker.
    policy.onFailure(({ duration, handled }) => calls.add(handled ? "failure" : "success", duration)),
  ];

  const letGo = () => {
    isolation?.dispose();
    isolation = null;
  };
  const act: Record<BreakerCommand, () => string> = {
    open: () => {
      isolation ??= policy.isolate();
      return "Held open";
    },
    close: () => {
      throw new Refusal("cockatiel cannot hold a breaker closed");
    },
    reset: () => {
      // Isolating and letting go is cockatiel's only way from open to closed.
      isolation ??= policy.isolate();
      letGo();
      if (stateNow() === "forced_open") throw new Refusal("The program itself has isolated this breaker");
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
