import type { RunOutcome, ScheduleRow, ScheduleRun } from "@wheelhouse/shared/queues/schedules.ts";
import { aspectKey } from "#observe/aspect.ts";

export type ObservedSchedule = ScheduleRow & { organization: string };
/** Servers whose schedules cannot all be read. */
export type SchedulesExtra = { unread: { source: string; cause: string }[] };
export const scheduleRows = aspectKey<ObservedSchedule, SchedulesExtra>("schedules");

/** A run while it is observed; times in ms. */
export type RunNote = {
  dueMs: number;
  startedMs: number | null;
  endedMs: number | null;
  outcome: RunOutcome;
  detail: string | null;
  trigger: ScheduleRun["trigger"];
  askedBy: string | null;
};

const encodePart = (part: string) => encodeURIComponent(part).replaceAll("~", "%7E");

/** The id of a watched scheduler. */
export const schedulerIdOf = (
  source: string,
  { prefix, name }: { prefix: string; name: string },
  key: string,
) => [source, prefix, name, key].map(encodePart).join("~");

/** What an id names; null if it names no scheduler. */
export function schedulerOfId(id: string) {
  const parts = id.split("~");
  if (parts.length !== 4) return null;
  try {
    const [source = "", prefix = "", name = "", key = ""] = parts.map(decodeURIComponent);
    return { source, queue: { prefix, name }, key };
  } catch {
    return null;
  }
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

export const runOfNote = (note: RunNote): ScheduleRun => ({
  dueAt: new Date(note.dueMs).toISOString(),
  startedAt: iso(note.startedMs),
  endedAt: iso(note.endedMs),
  outcome: note.outcome,
  detail: note.detail,
  trigger: note.trigger,
  askedBy: note.askedBy,
});
