import type { BreakerCommand, BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import { createStateTrace } from "@wheelhouse/shared/reporter/attached.ts";
import { createCallWindow } from "@wheelhouse/shared/reporter/call-window.ts";
import type { Reporter } from "@wheelhouse/shared/reporter/reporter.ts";
import type { Clock } from "#lib/time/clock.ts";

/** The call was not made, because earlier calls failed or an operator holds the breaker open. */
export class CallRefused extends Error {
  readonly retryAfterMs: number;
  constructor(name: string, retryAfterMs: number) {
    super(`the breaker ${name} is open`);
    this.name = "CallRefused";
    this.retryAfterMs = retryAfterMs;
  }
}

const windowMs = 60_000;
const commands: BreakerCommand[] = ["open", "close", "reset"];

/**
 * A breaker for Wheelhouse's own outgoing calls: it opens after a number of failures in a row, and after its cool-down
 * lets one call through as a probe. It is reported and accepts commands like any other breaker.
 * @param isFailure whether an error counts as a failure; other errors are answers and do not count against the other
 * side.
 */
export function createCallBreaker({
  name,
  failuresMax,
  coolDownMs,
  isFailure,
  clock,
}: {
  name: string;
  failuresMax: number;
  coolDownMs: number;
  isFailure(error: unknown): boolean;
  clock: Clock;
}) {
  const calls = createCallWindow(clock.now);
  let changed = () => {};
  const trace = createStateTrace("closed", { now: clock.now, changed: () => changed() });
  let forced: "open" | "close" | null = null;
  let failures = 0;
  let openUntilMs: number | null = null;
  let probing = false;

  const stateNow = (): BreakerState => {
    if (forced !== null) return forced === "open" ? "forced_open" : "disabled";
    if (openUntilMs === null) return "closed";
    return probing ? "half_open" : "open";
  };
  const settled = () => trace.move(stateNow());
  const closeAnew = () => {
    failures = 0;
    openUntilMs = null;
  };
  const assertMayPass = () => {
    if (forced === "close") return;
    const waitMs = forced === "open" ? coolDownMs : openUntilMs === null ? 0 : openUntilMs - clock.now();
    if (waitMs <= 0 && !(openUntilMs !== null && probing)) return;
    calls.add("refused");
    throw new CallRefused(name, Math.max(waitMs, 0));
  };

  const act: Record<BreakerCommand, () => string> = {
    open: () => {
      forced = "open";
      return "Forced open";
    },
    close: () => {
      forced = "close";
      return "Forced closed";
    },
    reset: () => {
      forced = null;
      closeAnew();
      calls.clear();
      return "Closed";
    },
  };

  return {
    /** @throws CallRefused, and any error of `work`. */
    async run<T>(work: () => Promise<T>): Promise<T> {
      assertMayPass();
      probing = forced === null && openUntilMs !== null;
      settled();
      const startedMs = clock.now();
      try {
        const result = await work();
        calls.add("success", clock.now() - startedMs);
        closeAnew();
        return result;
      } catch (error) {
        const failed = isFailure(error);
        calls.add(failed ? "failure" : "success", clock.now() - startedMs);
        if (!failed) closeAnew();
        else if (++failures >= failuresMax) openUntilMs = clock.now() + coolDownMs;
        throw error;
      } finally {
        probing = false;
        settled();
      }
    },
    report(reporter: Pick<Reporter, "breaker">) {
      reporter.breaker(name, (given) => {
        changed = given.changed;
        return {
          read: () => ({
            name,
            library: "Wheelhouse",
            state: trace.state(),
            since: trace.since(),
            nextProbeAt:
              trace.state() === "open" && openUntilMs !== null ? new Date(openUntilMs).toISOString() : null,
            ...calls.figures({ ratioMs: windowMs, fewest: 1 }),
            threshold: null,
            coolDownMs,
            commands,
            transitions: trace.transitions(),
          }),
          obey(command) {
            const done = act[command]();
            settled();
            return done;
          },
          detach() {
            changed = () => {};
          },
        };
      });
    },
  };
}

export type CallBreaker = ReturnType<typeof createCallBreaker>;
