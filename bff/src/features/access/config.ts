const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Idle and absolute session lifetime; from `WHEELHOUSE_SESSION_IDLE_MINUTES` and `…_ABSOLUTE_HOURS`. */
export type SessionLimits = { idleMs: number; absoluteMs: number };
/** How long a rotated token still allows reads, for requests in flight. */
export const rotationGraceMs = 30_000;
/** How long a confirmation is valid for actions that require a step-up. */
export const confirmedForMs = 5 * minuteMs;
/** `last_seen_at` is only this precise, so that reads do not cause a write per request. */
export const lastSeenStepMs = minuteMs;
/** Lifetime of a password reset link. */
export const resetLinkMs = hourMs;
/** Window of the limit on changes of the default organization. */
export const switchWindowMs = minuteMs;
export const failureWindowMs = 15 * minuteMs;
/** How long an address stays familiar after a sign-in; ended sessions are kept for this long. */
export const familiarForMs = 30 * 24 * hourMs;
