import { z } from "zod";
import { timestamp } from "./endpoint.ts";

/** Audited fields of a command. */
export const commandKept = ["operation", "command", "effect", "instances"] as const;

/**
 * A command to instances of a watched service: first accepted and audited, then sent. An endpoint waits up to
 * 2 s for responses and returns 202 with the same shape when some are missing; read the operation again for
 * the rest.
 */
export const operation = z.object({
  operationId: z.uuid(),
  /** `breaker.open`, `cache.invalidate` … */
  kind: z.string(),
  /** Id of the breaker or cache, as in its list. */
  target: z.string(),
  by: z.string(),
  reason: z.string(),
  requestedAt: timestamp,
  /** Instances ignore the command after this time. */
  expiresAt: timestamp,
  /** When Wheelhouse resets the breaker again; null without an end. */
  holdUntil: timestamp.nullable(),
  /** When all instances had responded or the command expired; null until then. */
  endedAt: timestamp.nullable(),
  /**
   * `accepted`: responses may still arrive. `superseded`: a newer command to the same target came before this
   * one was sent.
   */
  state: z.enum(["accepted", "done", "superseded"]),
  /** Every addressed instance. While `accepted`, "no answer" means none yet. */
  outcomes: z.array(
    z.object({
      instance: z.string(),
      outcome: z.enum(["obeyed", "refused", "no answer"]),
      /** Why it was refused, or what was done, in words. */
      detail: z.string().nullable(),
      /** Entries removed by an invalidation (or only counted, for a preview); null for other commands. */
      count: z.number().nullable(),
    }),
  ),
});
export type Operation = z.infer<typeof operation>;
