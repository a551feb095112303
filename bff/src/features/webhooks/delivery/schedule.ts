import type { WebhooksConfig } from "../config.ts";

export type Schedule = Pick<WebhooksConfig, "retryScheduleMs" | "retryJitter" | "retryAfterMaxMs">;

/**
 * Wait before the next attempt, or null when `attempt` was the last. A `Retry-After` longer than the
 * schedule takes precedence, up to `retryAfterMaxMs`; jitter then only lengthens it.
 * @param attempt number of the attempt that has just ended, from 1.
 * @param random from 0 to 1, exclusive.
 */
export function waitAfter(
  attempt: number,
  maxAttempts: number,
  retryAfterMs: number | null,
  { retryScheduleMs, retryJitter, retryAfterMaxMs }: Schedule,
  random: number,
): number | null {
  if (attempt >= maxAttempts) return null;
  const planned = retryScheduleMs[attempt - 1] ?? retryScheduleMs.at(-1) ?? 0;
  const asked = retryAfterMs === null ? 0 : Math.min(retryAfterMs, retryAfterMaxMs);
  if (asked > planned) return Math.round(asked * (1 + retryJitter * random));
  return Math.round(planned * (1 + retryJitter * (2 * random - 1)));
}

/** Parses `Retry-After` (RFC 9110 §10.2.3), seconds or a date, to milliseconds; null when absent or unreadable. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (!value) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

/** The installation's schedule, with the delays of an endpoint that has its own. */
export const scheduleOf = (
  { retryScheduleMs, retryJitter, retryAfterMaxMs }: Schedule,
  own: readonly number[] | null,
): Schedule => ({ retryScheduleMs: own ?? retryScheduleMs, retryJitter, retryAfterMaxMs });
