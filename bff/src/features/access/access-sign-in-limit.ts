import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { sql } from "kysely";
import { z } from "zod";
import type { Clock } from "#lib/clock.ts";
import { AppError } from "#lib/errors.ts";
import type { Database } from "#lib/postgres.ts";
import { addToWindow } from "#lib/rate-window.ts";
import { failureWindowMs } from "./access-config.ts";

type SignInLimitDeps = { redis: Redis; database: Database; clock: Clock; failuresPer15Min: number };

const freeTries = 5;
const delayMaxMs = 60_000;

/** 0 for the first five failures of an account from an address, then 1 s, 2 s, 4 s … up to a minute. */
const delayAfterMs = (failures: number) =>
  failures < freeTries ? 0 : Math.min(1_000 * 2 ** (failures - freeTries), delayMaxMs);

const counted = z.object({ failures: z.number(), resetMs: z.number() });

/**
 * Bounds failed sign-ins per client address, and slows down those of one account from one address. An attempt counts
 * as failed until it succeeded, so that parallel ones cannot slip through together. Redis counts; while it is away
 * Postgres does; with both away nobody signs in.
 */
export function createSignInLimit({ redis, database, clock, failuresPer15Min }: SignInLimitDeps) {
  async function add(bucket: string, amount: number): Promise<{ failures: number; resetMs: number }> {
    try {
      const { count, resetMs } = await addToWindow(
        redis,
        `wheelhouse:signin:${bucket}`,
        amount,
        failureWindowMs,
      );
      return { failures: count, resetMs };
    } catch {
      return addInPostgres(bucket, amount);
    }
  }

  async function addInPostgres(bucket: string, amount: number) {
    const { rows } = await sql`
      insert into sign_in_failures as f (bucket, window_started_at, failures, last_at)
      values (${bucket}, now(), greatest(${amount}, 0), now())
      on conflict (bucket) do update set
        failures = case when f.window_started_at < now() - make_interval(secs => ${failureWindowMs / 1000})
          then greatest(${amount}, 0) else greatest(f.failures + ${amount}, 0) end,
        window_started_at = case when f.window_started_at < now() - make_interval(secs => ${failureWindowMs / 1000})
          then now() else f.window_started_at end,
        last_at = now()
      returning f.failures, (extract(epoch from f.window_started_at - now()) * 1000)::int + ${failureWindowMs} as "resetMs"
    `.execute(database.system);
    return counted.parse(rows[0]);
  }

  // When an account may be tried again from an address. Kept here alone: it only slows down, the count per address
  // is what holds across replicas.
  const blockedUntil = new Map<string, number>();

  return {
    /**
     * Counts an attempt.
     * @throws AppError `rate_limited` with the time to wait.
     */
    async begin(email: string, address: string | null) {
      const from = address ?? "unknown";
      const account = createHash("sha256").update(email.toLowerCase()).digest("base64url").slice(0, 22);
      const accountBucket = `account:${account}:${from}`;
      const addressBucket = `address:${from}`;
      const waitMs = (blockedUntil.get(accountBucket) ?? 0) - clock.now();
      if (waitMs > 0) throw tooMany(waitMs);
      blockedUntil.delete(accountBucket);
      const { failures, resetMs } = await add(addressBucket, 1);
      if (failures > failuresPer15Min) throw tooMany(resetMs);
      return {
        async failed() {
          const { failures: ofAccount } = await add(accountBucket, 1);
          const delayMs = delayAfterMs(ofAccount);
          const oldest = blockedUntil.keys().next().value;
          if (blockedUntil.size >= 10_000 && oldest !== undefined) blockedUntil.delete(oldest);
          if (delayMs > 0) blockedUntil.set(accountBucket, clock.now() + delayMs);
        },
        /** It could not be told whether the password was right, which is no failure of the caller. */
        async undecided() {
          await add(addressBucket, -1).catch(() => {});
        },
        async succeeded() {
          await Promise.all([add(addressBucket, -1), add(accountBucket, -1_000_000)]);
        },
      };
    },
  };
}
export type SignInLimit = ReturnType<typeof createSignInLimit>;

const tooMany = (waitMs: number) =>
  new AppError("rate_limited", "Too many failed sign-ins from this address. Try again later.", {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
  });
