import type { Redis } from "ioredis";

const tagKeys = "___bc:t:";
/** As long as bentocache keeps a tag. */
const tagLifeMs = 10 * 86_400_000;
/** Matches no process name, but has the required length. */
const busId = "wheelhouse-console-00000";
const messageOfSet = 1;

/**
 * Invalidates a tag of a bentocache 1 store like bentocache itself: the tag's key holds the time before which
 * its entries are invalid. Processes with the tag in memory are notified over the bus, if the store has one.
 */
export async function invalidateTag(
  redis: Pick<Redis, "set" | "publish">,
  { store, prefix, tag, nowMs }: { store: string; prefix: string; tag: string; nowMs: number },
): Promise<void> {
  const namespace = prefix.replace(/:+$/, "");
  const entry = { value: nowMs, createdAt: nowMs, logicalExpiration: nowMs + tagLifeMs, tags: [] };
  await redis.set(`${namespace}:${tagKeys}${tag}`, JSON.stringify(entry), "PX", tagLifeMs);
  await redis.publish(`bentocache.notifications:${store}`, busMessage(namespace, `${tagKeys}${tag}`));
}

/** Sender, kind, namespace and keys, each with a length prefix: bentocache's own encoding. */
function busMessage(namespace: string, key: string): Buffer {
  const text = (of: string) => {
    const bytes = Buffer.from(of);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  };
  return Buffer.concat([Buffer.from(busId), Buffer.from([messageOfSet]), ...text(namespace), ...text(key)]);
}
