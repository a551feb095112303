/** Settings in resilience4j's terms. */
type CountWindowSettings = {
  slidingWindowSize: number;
  minimumNumberOfCalls: number;
  /** Percent. */
  failureRateThreshold: number;
  slowCallRateThreshold: number;
  slowCallDurationThresholdMs: number;
  waitDurationInOpenStateMs: number;
  permittedNumberOfCallsInHalfOpenState: number;
};
type State = "CLOSED" | "OPEN" | "HALF_OPEN";
type Call = { failed: boolean; slow: boolean };

/**
 * A breaker over the last calls, like resilience4j's count-based one: rates are −1 until enough calls were made, an
 * open breaker becomes half-open with the next call after the wait, and a few calls then decide.
 */
export const createCountWindowBreaker = (name: string, settings: CountWindowSettings) => {
  let state: State = "CLOSED";
  let calls: Call[] = [];
  let openedMs = 0;
  let permitted = 0;
  const totals = { successful: 0, failed: 0, notPermitted: 0, seconds: { successful: 0, failed: 0 } };

  const share = (of: (call: Call) => boolean) => {
    const fewest =
      state === "HALF_OPEN" ? settings.permittedNumberOfCallsInHalfOpenState : settings.minimumNumberOfCalls;
    return calls.length < fewest ? -1 : (100 * calls.filter(of).length) / calls.length;
  };
  const failureRate = () => share(({ failed }) => failed);
  const slowCallRate = () => share(({ slow }) => slow);
  const become = (next: State) => {
    state = next;
    permitted = 0;
    // While it is open, the calls that opened it stay visible.
    if (next === "OPEN") openedMs = Date.now();
    else calls = [];
  };
  const record = (call: Call) => {
    if (state === "OPEN") return;
    calls = [...calls, call].slice(-settings.slidingWindowSize);
    const tooMany =
      failureRate() >= settings.failureRateThreshold || slowCallRate() >= settings.slowCallRateThreshold;
    if (tooMany) become("OPEN");
    else if (state === "HALF_OPEN" && failureRate() >= 0) become("CLOSED");
  };

  return {
    name,
    settings,
    /** Rejects without a call while it is open. */
    run: async (work: () => Promise<unknown>): Promise<void> => {
      if (state === "OPEN" && Date.now() - openedMs >= settings.waitDurationInOpenStateMs)
        become("HALF_OPEN");
      const refused =
        state === "OPEN" ||
        (state === "HALF_OPEN" && permitted >= settings.permittedNumberOfCallsInHalfOpenState);
      if (refused) {
        totals.notPermitted += 1;
        throw new Error(`CircuitBreaker '${name}' is ${state} and does not permit further calls`);
      }
      permitted += 1;
      const startedMs = performance.now();
      let failed = false;
      try {
        await work();
      } catch (error) {
        failed = true;
        throw error;
      } finally {
        const tookMs = performance.now() - startedMs;
        const kind = failed ? "failed" : "successful";
        totals[kind] += 1;
        totals.seconds[kind] += tookMs / 1000;
        record({ failed, slow: tookMs > settings.slowCallDurationThresholdMs });
      }
    },
    read: () => ({
      state,
      totals,
      failureRate: failureRate(),
      slowCallRate: slowCallRate(),
      buffered: calls.length,
      failed: calls.filter(({ failed }) => failed).length,
      slow: calls.filter(({ slow }) => slow).length,
      slowFailed: calls.filter(({ slow, failed }) => slow && failed).length,
    }),
  };
};
export type CountWindowBreaker = ReturnType<typeof createCountWindowBreaker>;
