/** A cache lives: it may hold a little more than what was seen, never a multiple of it. */
const mostGrowth = 2;
const growthAllowed = 20;

/** Whether an invalidation would take far more now than whoever asked for it has seen. */
export const isFarMore = (now: number, seen: number): boolean => now > seen * mostGrowth + growthAllowed;
