import type { JobRow } from "@wheelhouse/shared/queues/jobs.ts";

export type JobAsked = "retry" | "promote" | "remove" | "move" | "delay" | "priority" | "edit";
export type QueueAsked = "add" | "pause" | "resume" | "limits" | "drain" | "clean" | "obliterate";

/** The dialog that is open: an act on jobs, or on the queue. */
export type Asked =
  | { about: "jobs"; act: JobAsked; jobs: readonly Pick<JobRow, "id" | "name">[] }
  | { about: "queue"; act: QueueAsked };
export type Ask = (asked: Asked) => void;
