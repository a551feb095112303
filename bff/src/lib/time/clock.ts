/** Time as a dependency, so that tests can move it instead of sleeping. Milliseconds since 1970-01-01 UTC. */
export type Clock = { now(): number };

export const systemClock: Clock = { now: () => Date.now() };
