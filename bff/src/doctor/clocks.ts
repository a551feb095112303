import type { Redis } from "ioredis";
import type pg from "pg";
import type { Clock } from "#lib/time/clock.ts";
import { type Finding, fail, pass, warn } from "./check.ts";

const noticedMs = 2_000;
const intolerableMs = 60_000;

/** Milliseconds by which a server's clock is ahead of ours, the way there and back taken as equally long. */
async function aheadMs(clock: Clock, ask: () => Promise<number>): Promise<number> {
  const beforeMs = clock.now();
  const theirsMs = await ask();
  return theirsMs - (beforeMs + clock.now()) / 2;
}

export const postgresAheadMs = (clock: Clock, client: pg.Client) =>
  aheadMs(clock, async () => {
    const { rows } = await client.query<{ ms: string }>(
      "select (extract(epoch from clock_timestamp()) * 1000)::text as ms",
    );
    return Number(rows[0]?.ms);
  });

export const redisAheadMs = (clock: Clock, redis: Redis) =>
  aheadMs(clock, async () => {
    const [seconds, micros] = await redis.time();
    return Number(seconds) * 1_000 + Number(micros) / 1_000;
  });

/** Judges the clocks of the servers that could be asked. */
export function judgeClocks(ahead: ReadonlyMap<string, number>): Finding {
  const shown = [...ahead].map(
    ([server, ms]) => `${server} ${ms >= 0 ? "+" : "−"}${Math.abs(Math.round(ms))} ms`,
  );
  const worstMs = Math.max(0, ...[...ahead.values()].map(Math.abs));
  const says = shown.join(", ");
  const remedy = "let all machines take their time from NTP";
  if (worstMs >= intolerableMs) return fail(`the clocks differ: ${says}`, remedy);
  if (worstMs >= noticedMs) return warn(`the clocks differ: ${says}`, remedy);
  return pass(says);
}
