import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import type { Subscribe } from "#lib/channel.ts";
import type { Clock } from "#lib/clock.ts";
import { within } from "#lib/deadline.ts";
import { keptKey } from "#observe/observe-keys.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";
import type { Tick } from "#observe/tick.ts";

const keepEveryMs = 10_000;
/** Older trends than these would be empty anyway. */
const keptForSeconds = 900;
const restoreWithinMs = 700;

/** A tick grows with what is watched; far beyond that it is no tick. */
const longestTick = 64 * 1024 * 1024;

const rows = z.custom<unknown[]>(Array.isArray);
const record = z.custom<object>((value) => typeof value === "object" && value !== null);
const envelope = z.looseObject({
  version: z.literal(1),
  observer: z.string(),
  term: z.number(),
  observedAt: z.iso.datetime(),
  intervalMs: z.number(),
  servers: rows,
  queues: rows,
  services: rows,
  breakers: rows,
  caches: rows,
  redisDetails: rows,
  queuesObservedAt: record,
  hosts: record,
  organizations: rows,
  webhooks: z.looseObject({ value: record }),
  deadLettersSince: record,
  acts: record,
  changes: rows,
});
// Written by a Wheelhouse of the same version of the format; checking every row of every tick would cost more than
// making it.
const tickMessage = z.custom<Tick>((value) => envelope.safeParse(value).success);

/**
 * Carries ticks from the leader to the replicas over Redis pub/sub, and keeps the last one with the trends in Redis
 * for the next start.
 */
export function createReplication(deps: {
  redis: Redis;
  subscribe: Subscribe;
  store: SnapshotStore;
  owner: string;
  clock: Clock;
  log: Logger;
}) {
  const { redis, subscribe, store, owner, clock, log } = deps;
  const ticks = subscribe({
    topic: "ticks",
    message: tickMessage,
    maxLength: longestTick,
    onMessage(tick) {
      if (tick.observer !== owner) store.ingest(tick);
    },
  });
  let keptMs = Number.NEGATIVE_INFINITY;
  let restored = false;

  return {
    /** Tells the others; a lost message is made good by the next one. */
    publish(tick: Tick) {
      ticks.publish(tick);
      if (clock.now() - keptMs < keepEveryMs) return;
      keptMs = clock.now();
      redis
        .set(keptKey, JSON.stringify(store.keep()), "EX", keptForSeconds)
        .catch((err: unknown) => log.debug({ err }, "the tick could not be kept"));
    },
    /** Takes over what was kept, the first time that Redis answers. */
    async restoreOnce() {
      if (restored) return;
      try {
        const text = await within(restoreWithinMs, redis.get(keptKey));
        restored = true;
        if (text) store.restore(parseJson(text));
      } catch (err) {
        log.debug({ err }, "what was kept cannot be read yet");
      }
    },
  };
}
export type Replication = ReturnType<typeof createReplication>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
