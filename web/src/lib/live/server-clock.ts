/**
 * The server's time on a client whose clock may be wrong. Each message carries its send time. Network delay can
 * only make the server look behind, so the largest difference of recent messages is the most accurate.
 */
export const createServerClock = (now: () => number = Date.now) => {
  const offsetsMs: number[] = [];
  return {
    hear: (sentAt: string): void => {
      offsetsMs.push(Date.parse(sentAt) - now());
      if (offsetsMs.length > 12) offsetsMs.shift();
    },
    now: (): number => now() + (offsetsMs.length === 0 ? 0 : Math.max(...offsetsMs)),
  };
};

export const serverClock = createServerClock();
