import type { JobDetail, JobRow, JobState } from "@wheelhouse/shared/queues/jobs.ts";
import { formatSpan } from "#lib/format.ts";
import type { Tone } from "#ui/page/status.tsx";

type AnyState = JobState | JobDetail["state"];

/** In the order of the tabs. */
export const tabStates: readonly JobState[] = [
  "waiting",
  "prioritized",
  "active",
  "delayed",
  "failed",
  "waiting-children",
  "completed",
  "paused",
];

export const stateWords: Record<AnyState, string> = {
  waiting: "Waiting",
  prioritized: "Prioritized",
  active: "Active",
  delayed: "Delayed",
  failed: "Failed",
  "waiting-children": "Waiting for children",
  completed: "Completed",
  paused: "Paused",
  unknown: "In no list",
};

export const stateTones: Record<AnyState, Tone> = {
  waiting: "neutral",
  prioritized: "neutral",
  active: "run",
  delayed: "neutral",
  failed: "down",
  "waiting-children": "neutral",
  completed: "ok",
  paused: "paused",
  unknown: "unknown",
};

/** The moment by which a state is ordered, and its column's name. */
export const momentOf: Record<JobState, { header: string; of: (row: JobRow) => string | null }> = {
  waiting: { header: "Added", of: (row) => row.addedAt },
  prioritized: { header: "Added", of: (row) => row.addedAt },
  paused: { header: "Added", of: (row) => row.addedAt },
  "waiting-children": { header: "Added", of: (row) => row.addedAt },
  active: { header: "Started", of: (row) => row.processedAt },
  delayed: { header: "Due", of: (row) => row.dueAt },
  failed: { header: "Failed", of: (row) => row.finishedAt },
  completed: { header: "Completed", of: (row) => row.finishedAt },
};

const emptyWords: Record<JobState, string> = {
  waiting: "A job waits here until a worker takes it.",
  prioritized: "Jobs with a priority wait here, the lowest number first.",
  active: "A job is here while a worker runs it.",
  delayed: "Jobs wait here until they are due.",
  failed: "A job comes here when it has used up its attempts.",
  "waiting-children": "A parent waits here until its children have completed.",
  completed: "The queue keeps as many completed jobs as its programs ask for.",
  paused: "Jobs of a paused queue wait here.",
};
export const emptyOf = (state: JobState) => ({
  title: state === "failed" ? "No job has failed" : `No ${stateWords[state].toLowerCase()} jobs`,
  text: emptyWords[state],
});

/** The parts of an error's first line: a code or class that stands out, and the rest. */
export function errorParts(text: string): { lead: string; rest: string } {
  const [line = ""] = text.split("\n");
  const code =
    /^(?:(?:\w*Error|Error):\s*)?(\d{3}|E[A-Z]{3,}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b[:,]?\s*(.*)$/.exec(line);
  if (code?.[1] !== undefined) return { lead: code[1], rest: code[2] ?? "" };
  const named = /^(\w*Error):\s*(.*)$/.exec(line);
  return named?.[1] === undefined ? { lead: "", rest: line } : { lead: named[1], rest: named[2] ?? "" };
}

/** `118 ms`, `9.8 s`, `4 m 12 s`. */
export const tookText = (ms: number): string =>
  ms < 1_000 ? `${ms} ms` : ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : formatSpan(ms);

export const tookOf = ({
  processedAt,
  finishedAt,
}: Pick<JobRow, "processedAt" | "finishedAt">): number | null =>
  processedAt === null || finishedAt === null
    ? null
    : Math.max(0, Date.parse(finishedAt) - Date.parse(processedAt));

/** A percentage, if progress is a number or has one; else its text. */
export function progressOf(json: string): { ratio: number | null; text: string } {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "number") return { ratio: Math.min(1, Math.max(0, value / 100)), text: `${value}%` };
    if (typeof value === "string") return { ratio: null, text: value };
  } catch {
    // Written by another program than BullMQ.
  }
  return { ratio: null, text: json };
}
