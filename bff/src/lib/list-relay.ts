import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";

const message = z.object({
  from: z.string(),
  organizationId: z.string(),
  ids: z.array(z.string()).max(50),
  created: z.number(),
});

export type ListChange = { organizationId: string; ids: readonly string[]; created: number };

/**
 * Tells every process which rows of a list changed, by id only: who may see them is decided where they are read.
 * Without Redis this process alone hears of it.
 *
 * @param subscriber a connection that takes no other commands; several relays may share it.
 */
export function createListRelay(deps: {
  channel: string;
  redis: Redis;
  subscriber: Redis;
  onChange: (change: ListChange) => void;
  log: Logger;
}) {
  const { channel, redis, subscriber, onChange, log } = deps;
  const self = randomUUID();
  const listen = () => {
    subscriber.subscribe(channel).catch((err: unknown) => log.debug({ err, channel }, "not listening yet"));
  };
  subscriber.on("ready", listen);
  if (subscriber.status === "ready") listen();
  subscriber.on("message", (from: string, text: string) => {
    if (from !== channel) return;
    const parsed = message.safeParse(parseJson(text));
    if (parsed.success && parsed.data.from !== self) onChange(parsed.data);
  });
  return {
    tell(change: ListChange) {
      onChange(change);
      redis
        .publish(channel, JSON.stringify({ from: self, ...change }))
        .catch((err: unknown) => log.debug({ err, channel }, "other processes were not told of a change"));
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
