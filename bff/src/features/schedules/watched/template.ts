import { z } from "zod";

/** A scheduler as it was when it was paused: enough to show it, and to put it back. */
export const keptScheduler = z.object({
  key: z.string(),
  name: z.string(),
  pattern: z.string().nullable(),
  everyMs: z.number().nullable(),
  timeZone: z.string().nullable(),
  startMs: z.number().nullable(),
  endMs: z.number().nullable(),
  limit: z.number().nullable(),
  /** JSON of the job's data and options, as Redis holds them; null without any. */
  data: z.string().nullable(),
  opts: z.string().nullable(),
  queue: z.object({ id: z.string(), name: z.string(), prefix: z.string() }),
  source: z.string(),
});
export type KeptScheduler = z.infer<typeof keptScheduler>;
