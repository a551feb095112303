import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Subscribe } from "#lib/channel.ts";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";
import { type Tick, tickSchema, tickVersion } from "#observe/tick/tick.ts";
import { keptKey } from "./keys.ts";
import type { SnapshotStore } from "./snapshots.ts";

const keepEveryMs = 10_000;
/** Older trends would be empty anyway. */
const keptForSeconds = 900;
const restoreWithinMs = 700;

/** A tick grows with the number of watched things; far beyond this size it is no tick. */
const longestTick = 64 * 1024 * 1024;

/**
 * Carries ticks from the leader to the replicas over Redis pub/sub, and stores the last tick and the trends in Redis
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
    // Each format version publishes on its own channel, so that no process reads a format that it does not know.
    topic: `ticks:${tickVersion}`,
    message: tickSchema,
    maxLength: longestTick,
    onMessage(tick) {
      if (tick.head.observer !== owner) store.ingest(tick);
    },
  });
  let keptMs = Number.NEGATIVE_INFINITY;
  let restored = false;

  return {
    /** Sends the tick to the other processes; the next tick makes up for a lost one. */
    publish(tick: Tick) {
      ticks.publish(tick);
      if (clock.now() - keptMs < keepEveryMs) return;
      keptMs = clock.now();
      redis
        .set(keptKey, JSON.stringify(store.keep()), "EX", keptForSeconds)
        .catch((err: unknown) => log.debug({ err }, "the tick could not be stored"));
    },
    /** Restores what was stored, the first time that Redis answers. */
    async restoreOnce() {
      if (restored) return;
      try {
        const text = await within(restoreWithinMs, redis.get(keptKey));
        restored = true;
        if (text) store.restore(parseJson(text));
      } catch (err) {
        log.debug({ err }, "the stored tick cannot be read yet");
      }
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
