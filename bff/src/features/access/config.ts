const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How long a session lives unused, and at all; from `WHEELHOUSE_SESSION_IDLE_MINUTES` and `…_ABSOLUTE_HOURS`. */
export type SessionLimits = { idleMs: number; absoluteMs: number };
/** How long the token before a rotation still reads, for requests that were under way. */
export const rotationGraceMs = 30_000;
/** How long a confirmed password stands for the acts that ask for it. */
export const confirmedForMs = 5 * minuteMs;
/** `last_seen_at` is this coarse, so that reading does not write at each request. */
export const lastSeenStepMs = minuteMs;
/** How long a link that sets a new password can be used. */
export const resetLinkMs = hourMs;
export const failureWindowMs = 15 * minuteMs;
/** How long an address stays one from which somebody signed in, and ended sessions are kept for that. */
export const familiarForMs = 30 * 24 * hourMs;
