import type { BreakerCommand, BreakerState } from "../breaker-state.ts";
import { type AttachContext, type AttachedBreaker, createStateTrace, Refusal } from "./attached.ts";
import { createCallWindow } from "./call-window.ts";

/** The used part of an opossum 8 or 9 breaker. */
export type OpossumBreaker = {
  readonly name: string;
  readonly opened: boolean;
  readonly halfOpen: boolean;
  readonly closed: boolean;
  readonly enabled: boolean;
  readonly volumeThreshold: number;
  readonly options?: {
    errorThresholdPercentage?: number;
    resetTimeout?: number;
    rollingCountTimeout?: number;
  };
  readonly status: object;
  open(): void;
  close(): void;
  on(event: string, listener: (...given: unknown[]) => void): unknown;
  off(event: string, listener: (...given: unknown[]) => void): unknown;
};

type OpossumOptions = {
  /** Defaults to the breaker's own name. */
  name?: string;
};

const defaults = { errorThresholdPercentage: 50, resetTimeout: 30_000, rollingCountTimeout: 10_000 };

/**
 * Reports an opossum breaker. Forced open: opossum's timer would let a probe pass, so each half-open event is
 * answered by opening again before a call can slip through. Forced closed: timeouts, fallback and counting
 * continue (`disable()` would stop them), and each open event is answered by closing again. Both events are
 * synchronous, so no call sees the state in between; other listeners do receive both.
 */
export function attachOpossum(
  breaker: OpossumBreaker,
  { name = breaker.name }: OpossumOptions,
  context: AttachContext,
): AttachedBreaker {
  const { now } = context;
  const settings = { ...defaults, ...breaker.options };
  const calls = createCallWindow(now);
  let forced: "open" | "close" | null = null;
  let gone = false;

  const stateNow = (): BreakerState => {
    if (!breaker.enabled) return "disabled";
    if (forced === "open") return "forced_open";
    if (forced === "close") return "disabled";
    if (breaker.opened) return "open";
    return breaker.halfOpen ? "half_open" : "closed";
  };
  const trace = createStateTrace(stateNow(), context);

  const hold = () => {
    if (forced === "open" && !breaker.opened) breaker.open();
    if (forced === "close" && !breaker.closed) breaker.close();
    trace.move(stateNow());
  };
  const listeners: Record<string, (...given: unknown[]) => void> = {
    open: hold,
    close: hold,
    halfOpen: hold,
    success: (_result, latencyMs) => calls.add("success", Number(latencyMs)),
    // A timeout emits `timeout` and `failure`, so it is counted only here.
    failure: (_error, latencyMs) => calls.add("failure", Number(latencyMs)),
    reject: () => calls.add("refused"),
    semaphoreLocked: () => calls.add("refused"),
    // `isShutdown` is still false here, and opossum removes all listeners afterwards.
    shutdown: () => {
      gone = true;
      context.changed();
    },
  };
  for (const [event, listener] of Object.entries(listeners)) breaker.on(event, listener);

  const act: Record<BreakerCommand, () => string> = {
    open: () => {
      forced = "open";
      hold();
      return "Forced open";
    },
    close: () => {
      forced = "close";
      hold();
      return "Forced closed";
    },
    reset: () => {
      forced = null;
      breaker.close();
      forgetFailures(breaker.status);
      calls.clear();
      trace.move(stateNow());
      return "Closed, counters reset";
    },
  };

  return {
    read() {
      if (gone) return null;
      trace.move(stateNow());
      const state = trace.state();
      const openedMs = state === "open" ? trace.seenSinceMs() : null;
      return {
        name,
        library: "opossum",
        state,
        since: trace.since(),
        transitions: trace.transitions(),
        // opossum's `lastTimerAt` is the time of its creation.
        nextProbeAt: openedMs === null ? null : new Date(openedMs + settings.resetTimeout).toISOString(),
        ...calls.figures({ ratioMs: settings.rollingCountTimeout, fewest: breaker.volumeThreshold }),
        threshold: settings.errorThresholdPercentage / 100,
        coolDownMs: settings.resetTimeout,
        commands: ["open", "close", "reset"],
      };
    },
    obey(command) {
      if (!breaker.enabled) throw new Refusal("The application itself has disabled this breaker");
      return act[command]();
    },
    detach() {
      forced = null;
      for (const [event, listener] of Object.entries(listeners)) breaker.off(event, listener);
    },
  };
}

/**
 * Advances opossum's rolling window until it is empty; otherwise the next failure after a reset would open it
 * again.
 */
function forgetFailures(status: object) {
  if (!("rotateBucket" in status && typeof status.rotateBucket === "function")) return;
  const buckets = "window" in status && Array.isArray(status.window) ? status.window.length : 0;
  for (let bucket = 0; bucket < buckets; bucket += 1) status.rotateBucket();
}
