/** Time as a dependency: tests move it, nothing sleeps. Milliseconds since 1970-01-01 UTC. */
export type Clock = { now(): number };

export const systemClock: Clock = { now: () => Date.now() };
