/** BullMQ's key names, and the ids of queues in the API. */

/** A queue's base: the prefix `<prefix>:<name>:` of all its keys. */
export type QueueName = { prefix: string; name: string };

export const baseOf = ({ prefix, name }: QueueName) => `${prefix}:${name}:`;
export const metaKeyOf = (base: string) => `${base}meta`;
export const metaPattern = "*:meta";

/**
 * Splits `<prefix>:<name>:meta`; null when the key cannot belong to a queue. BullMQ rejects colons in names
 * but not in prefixes, so the last colon before `meta` separates the two.
 */
export function queueOfMetaKey(key: string): QueueName | null {
  if (!key.endsWith(":meta")) return null;
  const qualified = key.slice(0, -":meta".length);
  const colon = qualified.lastIndexOf(":");
  if (colon < 1 || colon === qualified.length - 1) return null;
  return { prefix: qualified.slice(0, colon), name: qualified.slice(colon + 1) };
}

/** Below `/queues/`, beside the ids of queues. */
const isPath = (name: string) => name === "runs";

const encodePart = (part: string) => encodeURIComponent(part).replaceAll("~", "%7E");

/**
 * The id of a queue in lists and paths: the bare name on the primary Redis server with prefix `bull`, else
 * `<source>~<prefix>~<name>` with each part percent-encoded.
 */
export function queueIdOf(source: string, { prefix, name }: QueueName): string {
  // A bare name with a tilde could be mistaken for the long form of another queue, and some are paths of their own.
  if (source === "primary" && prefix === "bull" && !name.includes("~") && !isPath(name)) return name;
  return [source, prefix, name].map(encodePart).join("~");
}

/** The id of a queue of another system in the list. */
export const otherIdOf = (source: string, key: string) => [source, key].map(encodePart).join("~");

/** The name that BullMQ gives to a queue's worker connections in CLIENT LIST. */
const workerClientName = ({ prefix, name }: QueueName) => `${prefix}:${Buffer.from(name).toString("base64")}`;

/** The queue of a client name, with or without the worker's own name; null for any other client. */
export function queueOfClientName(clientName: string): QueueName | null {
  const match = /^(.+):((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(
    clientName.replace(/:w:.*$/s, ""),
  );
  const [, prefix, encoded] = match ?? [];
  if (!prefix || !encoded) return null;
  const name = Buffer.from(encoded, "base64").toString("utf8");
  const queue = { prefix, name };
  // Decoding is lenient, so only a name that encodes to the same text comes from BullMQ.
  return name !== "" && workerClientName(queue) === `${prefix}:${encoded}` ? queue : null;
}
