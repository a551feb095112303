import { z } from "zod";
import { breakerCommand } from "../breaker-state.ts";

const name = z.string().min(1).max(200);

/** What a command asks an instance to do. */
const act = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("breaker"), breaker: name, command: breakerCommand }),
  z.object({
    kind: z.literal("cache.invalidate"),
    cache: name,
    by: z.enum(["key", "pattern", "tag"]),
    value: z.string().min(1).max(500),
    /** Counts the entries without removing any. */
    preview: z.boolean(),
  }),
]);
export type ControlAct = z.infer<typeof act>;

/**
 * A command of an operator, as sent by Wheelhouse to the instances of a service. It is kept in the sorted set
 * `controlKey(service)` until it expires (score: expiry in ms of the Redis server's clock), and the channel
 * of the same name announces it: an instance that missed the message reads the command with its next report.
 * It is applied once per id, and never after a command with a higher `ordinal` to the same breaker or cache.
 */
export const controlCommand = z.object({
  version: z.literal(1),
  /** Id of the operation. */
  id: z.uuid(),
  ordinal: z.number().int(),
  service: name,
  /** Null: all instances. */
  instances: z.array(name).max(200).nullable(),
  act,
});
export type ControlCommand = z.infer<typeof controlCommand>;

/**
 * What an instance did; kept in the hash `repliesKey(id)` under the instance's name for one minute after the
 * command.
 */
export const controlReply = z.object({
  outcome: z.enum(["obeyed", "refused"]),
  /** In words; never with values of calls. */
  detail: z.string().max(300).nullable(),
  /** Entries removed, or counted for a preview; null for commands to breakers. */
  count: z.number().int().nonnegative().nullable(),
});
export type ControlReply = z.infer<typeof controlReply>;

export const controlKey = (service: string) => `wheelhouse:control:${encodeURIComponent(service)}`;
export const repliesKey = (operationId: string) => `wheelhouse:replies:${operationId}`;
