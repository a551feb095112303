import type { Redis } from "ioredis";

const key = "wheelhouse:write-probe";
const keptMs = 10_000;

/**
 * Resolves if the server takes a write, and rejects with its own words if it refuses, as when its memory is full or
 * it is a replica. The key expires by itself.
 */
export async function probeWrite(redis: Redis): Promise<void> {
  await redis.set(key, "1", "PX", keptMs);
}
