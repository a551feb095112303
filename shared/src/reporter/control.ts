import { z } from "zod";
import { breakerCommand } from "../breakers.ts";

const name = z.string().min(1).max(200);

/** What an instance is told to do. */
const act = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("breaker"), breaker: name, command: breakerCommand }),
  z.object({
    kind: z.literal("cache.invalidate"),
    cache: name,
    by: z.enum(["key", "pattern", "tag"]),
    value: z.string().min(1).max(500),
    /** Counts what it would remove, and removes nothing. */
    preview: z.boolean(),
  }),
]);
export type ControlAct = z.infer<typeof act>;

/**
 * A command of an operator, as it travels from Wheelhouse to the instances of a service. It lies in the sorted set
 * `controlKey(service)` until it expires (score: when, in ms of the Redis server's clock), and the channel of the same
 * name is the bell: an instance that missed it reads the command with its next report. Obeyed once per id, and never
 * when a command of a higher `ordinal` to the same breaker or cache was obeyed before.
 */
export const controlCommand = z.object({
  version: z.literal(1),
  /** Id of the operation. */
  id: z.uuid(),
  ordinal: z.number().int(),
  service: name,
  /** Null: all of them. */
  instances: z.array(name).max(200).nullable(),
  act,
});
export type ControlCommand = z.infer<typeof controlCommand>;

/** What an instance did; kept in the hash `repliesKey(id)` under the instance's name until a minute after. */
export const controlReply = z.object({
  outcome: z.enum(["obeyed", "refused"]),
  /** In words; never with values of calls. */
  detail: z.string().max(300).nullable(),
  /** Entries that were removed, or would be; null for commands to breakers. */
  count: z.number().int().nonnegative().nullable(),
});
export type ControlReply = z.infer<typeof controlReply>;

export const controlKey = (service: string) => `wheelhouse:control:${encodeURIComponent(service)}`;
export const repliesKey = (operationId: string) => `wheelhouse:replies:${operationId}`;
