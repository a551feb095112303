import { randomBytes } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { AppError } from "#lib/http/errors.ts";

// OWASP's recommendation for argon2id, 2026: 19 MiB, 2 passes, 1 lane.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Argon2id with a bound on how many run at once: each takes 19 MiB and most of a core for some 20 ms. */
export function createPasswords({ concurrent = 2, waitingMax = 50 } = {}) {
  let running = 0;
  const queue: (() => void)[] = [];
  // Compared against when there is no such user, so that both answers take the same time.
  const nobody = hash(randomBytes(32), cost);

  async function bounded<T>(work: () => Promise<T>): Promise<T> {
    if (running >= concurrent) {
      if (queue.length >= waitingMax)
        throw new AppError("unavailable", "Too many people sign in at this moment.", {
          retryAfterSeconds: 1,
        });
      await new Promise<void>((resolve) => queue.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place passes on to who waits, so `running` stays as it is.
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  }

  return {
    /** PHC string of a new password. */
    hash: (password: string) => bounded(() => hash(password, cost)),
    /** False as well for a user who is not there or has no password, at the same cost. */
    matches: (password: string, stored: string | null | undefined) =>
      bounded(async () => (await verify(stored ?? (await nobody), password)) && stored != null),
  };
}
export type Passwords = ReturnType<typeof createPasswords>;
