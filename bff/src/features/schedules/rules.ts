import type { RunOutcome, ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";
import type { Verdict } from "#observe/tick/tick.ts";
import type { RunNote } from "./rows.ts";

/** Clocks and workers may be this late. */
const overdueAfterMs = 30_000;
const shortestMissedMs = 60_000;
const longestMissedMs = 3_600_000;

/** How long after its time a run counts as missed: a tenth of the interval, a minute at least, an hour at most. */
export const missedAfterMs = (intervalMs: number | null): number =>
  Math.min(longestMissedMs, Math.max(shortestMissedMs, (intervalMs ?? 0) / 10));

const isOpen = (outcome: RunOutcome) => outcome === "running" || outcome === "waiting";
const hurts = (outcome: RunOutcome) =>
  outcome === "failed" || outcome === "timed_out" || outcome === "missed";

const clockOf = (ms: number) => `${new Date(ms).toISOString().slice(11, 16)} UTC`;

/** What a schedule is judged by; `runs` newest first. */
export type Judged = {
  nowMs: number;
  paused: ScheduleRow["paused"];
  /** The time that passed without a run; null if none did. */
  overdueMs: number | null;
  intervalMs: number | null;
  runs: readonly RunNote[];
  /** Why it cannot run now, such as no worker; null if nothing is known. */
  hindrance: string | null;
  /** Since when it is known. */
  knownMs: number;
  /** The longest that a run may take; null without a limit. */
  timeoutMs: number | null;
};

const words: Record<RunOutcome, string> = {
  waiting: "Waiting",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  timed_out: "Timed out",
  missed: "Missed",
  unknown: "Ran",
};

/** When the newest runs with this outcome began, in a row. */
function sinceOf(runs: readonly RunNote[], outcome: RunOutcome): number | null {
  let since: number | null = null;
  for (const run of runs) {
    if (isOpen(run.outcome)) continue;
    if (run.outcome !== outcome) break;
    since = run.endedMs ?? run.startedMs ?? run.dueMs;
  }
  return since;
}

function lateVerdict({ nowMs, overdueMs, intervalMs, hindrance }: Judged): Verdict | null {
  if (overdueMs === null || nowMs - overdueMs < overdueAfterMs) return null;
  const isMissed = nowMs - overdueMs >= missedAfterMs(intervalMs);
  return {
    state: "degraded",
    label: isMissed ? "Missed" : "Overdue",
    cause: `${hindrance ?? "No run has started"}: due at ${clockOf(overdueMs)}, ${formatSpan(nowMs - overdueMs)} ago`,
  };
}

/** The state of a schedule and since when; by what hurts most now, then by its last run that ended. */
export function judgeSchedule(judged: Judged): Verdict & { sinceMs: number } {
  const { nowMs, paused, overdueMs, runs, knownMs, timeoutMs } = judged;
  if (paused !== null)
    return {
      state: "ok",
      label: "Paused",
      cause: `Paused by ${paused.by}: ${paused.reason}`,
      sinceMs: Date.parse(paused.at),
    };
  const late = lateVerdict(judged);
  if (late !== null) return Object.assign({ sinceMs: overdueMs ?? nowMs }, late);
  const open = runs.find(({ outcome }) => isOpen(outcome));
  if (open?.startedMs != null && timeoutMs !== null && nowMs - open.startedMs > timeoutMs + overdueAfterMs)
    return {
      state: "down",
      label: "Timed out",
      cause: `Still running after ${formatSpan(nowMs - open.startedMs)}; it may take ${formatSpan(timeoutMs)}`,
      sinceMs: open.startedMs + timeoutMs,
    };
  const last = runs.find(({ outcome }) => !isOpen(outcome));
  if (last && hurts(last.outcome))
    return {
      state: last.outcome === "missed" ? "degraded" : "down",
      label: words[last.outcome],
      cause:
        last.detail ?? (last.outcome === "missed" ? `The run of ${clockOf(last.dueMs)} was skipped` : null),
      sinceMs: sinceOf(runs, last.outcome) ?? last.dueMs,
    };
  const shown = open ?? last;
  if (!shown) return { state: "ok", label: "Not run yet", cause: null, sinceMs: knownMs };
  return {
    state: "ok",
    label: words[shown.outcome],
    cause: null,
    sinceMs: shown.startedMs ?? shown.dueMs,
  };
}

/** The median duration of completed runs; null without any. */
export function usualOf(runs: readonly RunNote[]): number | null {
  const spans = runs
    .flatMap(({ outcome, startedMs, endedMs }) =>
      outcome === "completed" && startedMs !== null && endedMs !== null ? [endedMs - startedMs] : [],
    )
    .sort((a, b) => a - b);
  return spans.length === 0 ? null : (spans[Math.floor(spans.length / 2)] ?? null);
}
