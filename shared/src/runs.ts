import { z } from "zod";

/** A plan that is not started in time expires. A cancelled run starts nothing more. */
export const runState = z.enum(["planned", "running", "paused", "completed", "cancelled", "expired"]);
export type RunState = z.infer<typeof runState>;

/** `held`: nothing is started until its gate opens or a person resumes it. */
export const runPhase = z.enum(["canary", "sending", "held", "done"]);
export type RunPhase = z.infer<typeof runPhase>;
