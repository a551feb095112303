import { z } from "zod";

/** One attempt of one delivery; the worker reads everything else from Postgres when it makes it. */
export const attemptRef = z.object({
  deliveryId: z.uuid(),
  endpointId: z.uuid(),
  generation: z.number().int(),
  attempt: z.number().int(),
});
export type AttemptRef = z.infer<typeof attemptRef>;

export const jobIdOf = ({ deliveryId, generation, attempt }: AttemptRef) =>
  `${deliveryId}_${generation}_${attempt}`;
