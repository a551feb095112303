import { z } from "zod";

/** A scheduler as it is in its Redis: enough to show it, and to put it back. */
export const keptScheduler = z.object({
  key: z.string(),
  /** Of its jobs. */
  jobName: z.string(),
  pattern: z.string().nullable(),
  everyMs: z.number().nullable(),
  timeZone: z.string().nullable(),
  endMs: z.number().nullable(),
  limit: z.number().nullable(),
  /** Data and options of its jobs. */
  data: z.unknown(),
  opts: z.record(z.string(), z.unknown()),
  queue: z.object({ id: z.string(), name: z.string(), prefix: z.string() }),
  source: z.string(),
});
export type KeptScheduler = z.infer<typeof keptScheduler>;

/** When a scheduler is to repeat. */
const repetitionAct = z.object({
  pattern: z.string().nullable(),
  everyMs: z.number().nullable(),
  timeZone: z.string().nullable(),
});

/** What a command needs; the scheduler as it was when the command was accepted. */
export const commandAct = z.object({
  scheduler: keptScheduler,
  /** For `edit`. */
  change: repetitionAct.nullable(),
  /** For `run`: the time by which the run is known. */
  dueMs: z.number().nullable(),
});
export type CommandAct = z.infer<typeof commandAct>;
