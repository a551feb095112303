import { z } from "zod";
import { timestamp } from "./endpoint.ts";

/** What the trail keeps of a command. */
export const commandKept = ["operation", "command", "effect", "instances"] as const;

/**
 * A command to instances of a watched service: accepted and recorded first, then told to them. An endpoint waits 2 s for
 * their answers and answers 202 with the same shape when some are missing; the operation is asked again for the rest.
 */
export const operation = z.object({
  operationId: z.uuid(),
  /** `breaker.open`, `cache.invalidate` … */
  kind: z.string(),
  /** Id of the breaker or cache, as its list gives it. */
  target: z.string(),
  by: z.string(),
  reason: z.string(),
  requestedAt: timestamp,
  /** No instance obeys after this. */
  expiresAt: timestamp,
  /** When all had answered, or none may obey any more; null until then. */
  endedAt: timestamp.nullable(),
  /** `accepted`: answers may still come. `superseded`: a newer command to the same target came before it was told. */
  state: z.enum(["accepted", "done", "superseded"]),
  /** Every instance that was addressed. While `accepted`, "no answer" is: none yet. */
  outcomes: z.array(
    z.object({
      instance: z.string(),
      outcome: z.enum(["obeyed", "refused", "no answer"]),
      /** Why it was refused, or what it did, in words. */
      detail: z.string().nullable(),
      /** Entries that an invalidation removed (or would remove, when it only counts); null for other commands. */
      count: z.number().nullable(),
    }),
  ),
});
export type Operation = z.infer<typeof operation>;
