import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { sql } from "kysely";
import { z } from "zod";
import { addressBlockOf } from "#lib/address-block.ts";
import { AppError } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { addToWindow, type RateKind } from "#lib/redis/rate-window.ts";
import type { Clock } from "#lib/time/clock.ts";
import { failureWindowMs } from "../config.ts";
import { createRedisPatience } from "./redis-patience.ts";
import { createGates } from "./sign-in-gates.ts";

type SignInLimitDeps = {
  redis: Redis;
  database: Database;
  clock: Clock;
  failuresPer15Min: number;
  /** True if the person with this e-mail address recently signed in from this client address. */
  isFamiliar(email: string, address: string): Promise<boolean>;
};

/** Failures of an account without delay: from one address, and from all addresses together. */
const freeTries = { fromAddress: 5, fromAnywhere: 20 };
const delayMaxMs = 60_000;

/** 0 for the free tries, then 1 s, 2 s, 4 s … up to a minute. */
const delayAfterMs = (failures: number, free: number) =>
  failures < free ? 0 : Math.min(1_000 * 2 ** Math.min(failures - free, 16), delayMaxMs);

/** Name of the counter of an account, which does not contain its e-mail address. */
export const accountCounter = (email: string): string =>
  createHash("sha256").update(email.toLowerCase()).digest("base64url").slice(0, 22);

const counted = z.object({ failures: z.number(), resetMs: z.number() });

/**
 * Limits failed sign-ins per client address and delays those of an account: early from one address, later
 * from all addresses together, so that distributed guessing gains nothing. Failures from elsewhere do not
 * delay an address from which the owner has signed in before, so nobody can lock an owner out. An attempt
 * counts as failed until it succeeds, so that parallel attempts cannot bypass the limit. Redis counts; if it
 * is unavailable, Postgres does; without both, sign-in is unavailable. Unknown accounts are counted like any
 * other.
 */
export function createSignInLimit({ redis, database, clock, failuresPer15Min, isFamiliar }: SignInLimitDeps) {
  const patience = createRedisPatience(clock);
  const gates = createGates({ redis, patience, clock });

  async function add(kind: RateKind, name: string, amount: number) {
    try {
      const { count, resetMs } = await patience.ask(() =>
        addToWindow(redis, { kind, name }, amount, failureWindowMs),
      );
      return { failures: count, resetMs };
    } catch {
      return addInPostgres(`${kind}:${name}`, amount);
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

  async function demandOpen(email: string, from: string, pair: string, account: string) {
    const waits = await gates.waitsMs([pair, account]);
    if (waits[0] > 0) throw tooMany(waits[0]);
    if (waits[1] > 0 && !(await isFamiliar(email, from))) throw tooMany(waits[1]);
  }

  return {
    /**
     * Counts an attempt.
     * @param email null for an attempt without an account, such as one with a link.
     * @throws AppError `rate_limited` with the time to wait.
     */
    async begin(email: string | null, address: string | null) {
      const known = address ?? "unknown";
      const from = addressBlockOf(known);
      const account = accountCounter(email ?? "");
      const pair = `${account}:${from}`;
      if (email !== null) await demandOpen(email, known, pair, account);
      const { failures, resetMs } = await add("sign-in-addresses", from, 1);
      if (failures > failuresPer15Min) throw tooMany(resetMs);
      return {
        async failed() {
          if (email === null) return;
          const [here, anywhere] = await Promise.all([
            add("sign-in-accounts", pair, 1),
            add("sign-in-accounts", account, 1),
          ]);
          await Promise.all([
            gates.close(pair, delayAfterMs(here.failures, freeTries.fromAddress)),
            gates.close(account, delayAfterMs(anywhere.failures, freeTries.fromAnywhere)),
          ]);
        },
        /** The password could not be checked, so the attempt is not a failure of the caller. */
        async undecided() {
          await add("sign-in-addresses", from, -1).catch(() => {});
        },
        /** Failures from other addresses stay counted. */
        async succeeded() {
          await Promise.all([
            add("sign-in-addresses", from, -1),
            ...(email === null ? [] : [add("sign-in-accounts", pair, -1_000_000)]),
          ]);
        },
      };
    },
  };
}
export type SignInLimit = ReturnType<typeof createSignInLimit>;

const tooMany = (waitMs: number) =>
  new AppError("rate_limited", "Too many failed sign-ins. Try again later.", {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
  });
