import type { Redis } from "ioredis";
import { z } from "zod";
import { webhooksKeys } from "./webhooks-keys.ts";

const coalesceMs = 250;
const maxIds = 50;

const message = z.object({ created: z.number(), ids: z.array(z.uuid()).max(maxIds) });

/** Called with at most 50 ids of changed deliveries, newest change last, and how many deliveries are new. */
export type OnDeliveriesChanged = (
  organizationId: string,
  deliveryIds: readonly string[],
  createdCount: number,
) => void;

export type Feed = {
  /** Notes committed changes; they are told within 250 ms, coalesced per organization. */
  changed(organizationId: string, deliveryIds: readonly string[], createdCount: number): void;
  stop(): void;
};

/**
 * Tells the processes that serve pages which deliveries changed, over Redis pub/sub; while Redis is away, this
 * process only. Ids travel, never rows: who may see them is decided where they are read.
 */
export function createFeed(redis: Redis, onDeliveriesChanged: OnDeliveriesChanged): Feed {
  const changes = new Map<string, { created: number; ids: Set<string> }>();
  let timer: NodeJS.Timeout | undefined;

  function flush() {
    timer = undefined;
    for (const [organizationId, { created, ids }] of changes) {
      const newest = [...ids];
      const told = redis.status === "ready";
      if (!told) onDeliveriesChanged(organizationId, newest, created);
      else
        redis
          .publish(webhooksKeys.deliveries(organizationId), JSON.stringify({ created, ids: newest }))
          .catch(() => onDeliveriesChanged(organizationId, newest, created));
    }
    changes.clear();
  }

  return {
    changed(organizationId, deliveryIds, createdCount) {
      const waiting = changes.get(organizationId) ?? { created: 0, ids: new Set() };
      waiting.created += createdCount;
      for (const id of deliveryIds) {
        waiting.ids.delete(id);
        waiting.ids.add(id);
      }
      for (const oldest of waiting.ids) {
        if (waiting.ids.size <= maxIds) break;
        waiting.ids.delete(oldest);
      }
      changes.set(organizationId, waiting);
      timer ??= setTimeout(flush, coalesceMs);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      flush();
    },
  };
}

/** Hands what other processes publish to `onDeliveriesChanged`; `subscriber` is a connection used for nothing else. */
export function hearDeliveries(subscriber: Redis, onDeliveriesChanged: OnDeliveriesChanged) {
  const prefix = webhooksKeys.deliveries("");
  subscriber.on("pmessage", (_pattern: string, channel: string, text: string) => {
    if (!channel.startsWith(prefix)) return;
    const parsed = message.safeParse(JSON.parse(text));
    if (parsed.success)
      onDeliveriesChanged(channel.slice(prefix.length), parsed.data.ids, parsed.data.created);
  });
}
