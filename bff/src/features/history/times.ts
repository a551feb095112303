/** The three levels of detail: step, chunk length and retention. */
/** How long states of instances are kept; an open breaker that probes every 30 s makes 5,760 a day. */
export const movesKeptMs = 30 * 86_400_000;
export const levels = [
  // Longer than 6 h, so that a window can be summed up after it has ended.
  { stepMs: 10_000, chunkMs: 600_000, keepMs: 13 * 3_600_000 },
  { stepMs: 60_000, chunkMs: 6 * 3_600_000, keepMs: 7 * 86_400_000 },
  { stepMs: 3_600_000, chunkMs: 10 * 86_400_000, keepMs: 400 * 86_400_000 },
] as const;

export const [finest, minutes, hours] = levels;

/** Windows whose 10 s chunks are summed up together. */
export const rollupMs = minutes.chunkMs;
export const monthsKeptMs = hours.keepMs;
export const stepsOf = ({ stepMs, chunkMs }: { stepMs: number; chunkMs: number }) => chunkMs / stepMs;
export const floorTo = (ms: number, size: number) => Math.floor(ms / size) * size;
