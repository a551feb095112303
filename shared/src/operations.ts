import { z } from "zod";
import { timestamp } from "./endpoint.ts";

/** Fields of a command that the audit trail keeps. */
export const commandKept = ["operation", "command", "effect", "instances"] as const;

/**
 * A command to instances of a watched service, accepted and recorded before it is sent. An endpoint waits 2 s
 * for their replies and responds with 202 and the same shape if some are missing; poll the operation for the
 * rest.
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
  /** When all instances had replied or the command had expired; null until then. */
  endedAt: timestamp.nullable(),
  /**
   * `accepted`: replies may still arrive. `superseded`: a newer command to the same target arrived before
   * this one was sent.
   */
  state: z.enum(["accepted", "done", "superseded"]),
  /** One entry per addressed instance. While `accepted`, "no answer" means no reply yet. */
  outcomes: z.array(
    z.object({
      instance: z.string(),
      outcome: z.enum(["obeyed", "refused", "no answer"]),
      /** Why it was refused, or what it did, as text. */
      detail: z.string().nullable(),
      /** Entries that an invalidation removed, or would remove in a dry run; null for other commands. */
      count: z.number().nullable(),
    }),
  ),
});
export type Operation = z.infer<typeof operation>;
