import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { readSchedule, ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import { nextOffsetChange, offsetIn, type Repetition, timesAfter, wallClockIn } from "#lib/time/cron.ts";

type Detail = EndpointResult<typeof readSchedule>;
const nextMax = 5;

function repetitionOfRow({ pattern, everyMs, timeZone, nextAt }: ScheduleRow): Repetition | null {
  if (everyMs !== null) return nextAt === null ? null : { everyMs, anchorMs: Date.parse(nextAt) };
  return pattern === null || timeZone === null ? null : { pattern, timeZone };
}

/** The next five times of a schedule, on the clock of its zone; only what is certain. */
export function nextRunsOf(row: ScheduleRow, nowMs: number): Detail["next"] {
  if (row.nextAt === null) return [];
  const repetition = repetitionOfRow(row);
  const times = repetition === null ? [Date.parse(row.nextAt)] : timesAfter(repetition, nowMs, nextMax);
  return times.map((ms) => ({
    at: new Date(ms).toISOString(),
    local: wallClockIn(row.timeZone ?? "UTC", ms),
  }));
}

/** The zone's offset now, and when it changes. */
export function zoneOf({ timeZone }: ScheduleRow, nowMs: number): Detail["zone"] {
  const offset = timeZone === null ? null : offsetIn(timeZone, nowMs);
  if (timeZone === null || offset === null) return null;
  const changesMs = nextOffsetChange(timeZone, nowMs);
  return { offset, changesAt: changesMs === null ? null : new Date(changesMs).toISOString() };
}

/** What happens to a run whose time passed. */
export const ifMissedOf = ({ kind, pattern }: ScheduleRow): string => {
  if (kind === "own")
    return pattern === null
      ? "Runs after the next run that it follows"
      : "Runs once as soon as a worker is there; skipped while paused";
  if (kind === "cron") return "Decided by the program that runs it";
  return "BullMQ runs it once as soon as a worker is there, and skips the times between";
};
