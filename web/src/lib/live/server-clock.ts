/**
 * The server's time on a client whose clock may be wrong. Each message tells when it was sent; its delay on
 * the way can only make the server look behind, so the largest difference of the last few is the best one.
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
