/** A live cache may hold slightly more than what was previewed, never a multiple of it. */
const mostGrowth = 2;
const growthAllowed = 20;

/** Whether an invalidation would remove far more than its preview showed. */
export const isFarMore = (now: number, seen: number): boolean => now > seen * mostGrowth + growthAllowed;
