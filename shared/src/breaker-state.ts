import { z } from "zod";

/**
 * `forced_open` (rejects all calls) and `disabled` (forced closed: calls pass even when they fail) are
 * overrides of an operator and last until they are reset.
 */
export const breakerState = z.enum(["closed", "half_open", "open", "forced_open", "disabled", "unknown"]);
export type BreakerState = z.infer<typeof breakerState>;

/** Per instance, over the window of its library; null where the library does not report it. */
export const breakerFigures = {
  /** 0–1; null for too few calls, or when not reported. */
  failureRatio: z.number().nullable(),
  slowRatio: z.number().nullable(),
  /** All calls, including the rejected ones. */
  callsPerMinute: z.number().nullable(),
  /** Failed and rejected calls: everything its callers lost. */
  failedPerMinute: z.number().nullable(),
  /** Calls rejected without being made. */
  refusedPerMinute: z.number().nullable(),
  latencyMsP50: z.number().nullable(),
  latencyMsP95: z.number().nullable(),
  latencyMsP99: z.number().nullable(),
};

/**
 * `open`: rejects all calls until it is reset. `close`: forced closed until it is reset. `reset`: removes
 * either override and starts as closed.
 */
export const breakerCommand = z.enum(["open", "close", "reset"]);
export type BreakerCommand = z.infer<typeof breakerCommand>;
