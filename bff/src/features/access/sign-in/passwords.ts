import { randomBytes } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { AppError } from "#lib/http/errors.ts";

// OWASP recommendation for argon2id, 2026: 19 MiB, 2 passes, 1 lane.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Argon2id with limited concurrency: each hash takes 19 MiB and most of a core for about 20 ms. */
export function createPasswords({ concurrent = 2, waitingMax = 50 } = {}) {
  let running = 0;
  const queue: (() => void)[] = [];
  // Compared against for unknown users, so that both responses take the same time.
  const nobody = hash(randomBytes(32), cost);

  async function bounded<T>(work: () => Promise<T>): Promise<T> {
    if (running >= concurrent) {
      if (queue.length >= waitingMax)
        throw new AppError(
          "unavailable",
          "Too many people are signing in right now. Try again in a moment.",
          {
            retryAfterSeconds: 1,
          },
        );
      await new Promise<void>((resolve) => queue.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The slot passes to the next in the queue, so `running` does not change.
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  }

  return {
    /** PHC string of a new password. */
    hash: (password: string) => bounded(() => hash(password, cost)),
    /** False for an unknown user or one without a password, at the same cost. */
    matches: (password: string, stored: string | null | undefined) =>
      bounded(async () => (await verify(stored ?? (await nobody), password)) && stored != null),
  };
}
export type Passwords = ReturnType<typeof createPasswords>;
