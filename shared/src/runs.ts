import { z } from "zod";
import { timestamp } from "./endpoint.ts";

/** A plan that is not started in time expires. A cancelled run starts nothing more. */
export const runState = z.enum(["planned", "running", "paused", "completed", "cancelled", "expired"]);
export type RunState = z.infer<typeof runState>;

/** `held`: nothing is started until its gate opens or a person resumes it. */
export const runPhase = z.enum(["canary", "sending", "held", "done"]);
export type RunPhase = z.infer<typeof runPhase>;

/**
 * How many items of each lane had begun at some moments: the largest lanes, at most 8. Two moments give the rate between
 * them.
 */
export const runRates = z.array(
  z.object({ laneId: z.string(), points: z.array(z.object({ at: timestamp, sent: z.number().int() })) }),
);
export type RunRates = z.infer<typeof runRates>;

/** `skip` leaves out what still waits; a `rate` of null goes back to the limit of the run. */
export const laneChange = z.discriminatedUnion("do", [
  z.strictObject({ do: z.enum(["pause", "resume", "skip"]) }),
  z.strictObject({ do: z.literal("rate"), ratePerSecond: z.number().int().min(1).max(10_000).nullable() }),
]);
export type LaneChange = z.infer<typeof laneChange>;
