import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Clock } from "#lib/clock.ts";
import { within } from "#lib/deadline.ts";
import { type Tick, tickSchema } from "../tick/tick.ts";
import { keptKey, ticksChannel } from "./keys.ts";
import type { SnapshotStore } from "./snapshots.ts";

const keepEveryMs = 10_000;
/** Older trends than these would be empty anyway. */
const keptForSeconds = 900;
const restoreWithinMs = 700;

/**
 * Carries ticks from the leader to the replicas over Redis pub/sub, and keeps the last one with the trends in Redis
 * for the next start.
 */
export function createReplication(deps: {
  redis: Redis;
  /** A connection of its own: a subscribed one takes no other commands. */
  subscriber: Redis;
  /** Channels are not divided by logical databases, so the number is part of the name. */
  database: number;
  store: SnapshotStore;
  owner: string;
  clock: Clock;
  log: Logger;
}) {
  const { redis, subscriber, database, store, owner, clock, log } = deps;
  const channel = ticksChannel(database);
  let keptMs = Number.NEGATIVE_INFINITY;
  let restored = false;

  const listen = () => {
    subscriber.subscribe(channel).catch((err: unknown) => log.debug({ err }, "cannot hear the leader yet"));
  };
  subscriber.on("message", (from: string, text: string) => {
    if (from !== channel) return;
    const tick = tickSchema.safeParse(parseJson(text));
    if (tick.success && tick.data.head.observer !== owner) store.ingest(tick.data);
  });
  subscriber.on("ready", listen);
  if (subscriber.status === "ready") listen();

  return {
    /** Tells the others; a lost message is made good by the next one. */
    publish(tick: Tick) {
      const failed = (err: unknown) => log.debug({ err }, "a tick could not be published");
      redis.publish(channel, JSON.stringify(tick)).catch(failed);
      if (clock.now() - keptMs < keepEveryMs) return;
      keptMs = clock.now();
      redis.set(keptKey, JSON.stringify(store.keep()), "EX", keptForSeconds).catch(failed);
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
