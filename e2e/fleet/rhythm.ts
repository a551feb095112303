/** Timers of the fleet for recurring events, all of which end with `stop`. */
export const createRhythm = () => {
  const timers = new Set<NodeJS.Timeout>();
  const later = (delayMs: number, act: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, delayMs);
    timers.add(timer);
  };
  const every = (intervalMs: number, act: () => void, firstMs = intervalMs) => {
    later(firstMs, () => {
      act();
      every(intervalMs, act);
    });
  };
  /** At random moments, like independent events: exponential gaps, capped at 10 s. */
  const atRandom = (perSecond: number, act: () => void) => {
    later(Math.min((-Math.log(1 - Math.random()) / perSecond) * 1000, 10_000), () => {
      act();
      atRandom(perSecond, act);
    });
  };
  return {
    later,
    every,
    atRandom,
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
};
