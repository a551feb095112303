import { type Repetition, timeBefore, timesAfter, timesBetween } from "#lib/time/cron.ts";
import type { RunNote } from "../rows.ts";
import type { JobState, Scheduler, SchedulerReading } from "./source.ts";

const openMax = 10;
const skippedMax = 20;
const eventMarginMs = 2_000;

const rememberedMax = 5_000;
const memory = new Map<string, number | null>();

/** Patterns are read again for each row and tick, and reading one takes a tenth of a millisecond. */
function remembered(key: string, make: () => number | null): number | null {
  const known = memory.get(key);
  if (known !== undefined) return known;
  if (memory.size >= rememberedMax) memory.clear();
  const made = make();
  memory.set(key, made);
  return made;
}

/** When a scheduler repeats; null if its time zone is the program's own, which Redis does not tell. */
export function repetitionOf(scheduler: Scheduler, nextMs: number): Repetition | null {
  const { pattern, everyMs, timeZone, startMs, endMs } = scheduler;
  if (everyMs !== null) return { everyMs, anchorMs: nextMs, ...(endMs === null ? {} : { endMs }) };
  if (pattern === null) return null;
  const utc = { pattern, timeZone: timeZone ?? "UTC" };
  const isUtc = () =>
    remembered(`utc ${nextMs} ${pattern}`, () => (timeBefore(utc, nextMs) === nextMs ? 1 : 0));
  if (timeZone === null && isUtc() === 0) return null;
  return {
    pattern,
    timeZone: utc.timeZone,
    ...(startMs === null ? {} : { startMs }),
    ...(endMs === null ? {} : { endMs }),
  };
}

/** About the time between two runs; null if unknown. */
export function intervalOf(repetition: Repetition | null, atMs: number): number | null {
  if (repetition === null) return null;
  if ("everyMs" in repetition) return repetition.everyMs;
  return remembered(`interval ${repetition.timeZone} ${repetition.pattern}`, () => {
    const [first, second] = timesAfter(repetition, atMs, 2);
    return first === undefined || second === undefined ? null : second - first;
  });
}

/** What is known of a run by the state of its job. */
export function noteOf(dueMs: number, { state, startedMs, endedMs, reason }: JobState): RunNote {
  if (state === "gone")
    return {
      dueMs,
      startedMs,
      endedMs: null,
      outcome: "unknown",
      detail: "Its job was removed before its outcome could be read",
      trigger: "due",
      askedBy: null,
    };
  const outcome = state === "there" ? (startedMs === null ? "waiting" : "running") : state;
  const detail = reason === "" ? null : outcome === "running" ? `Retrying: ${reason}` : reason;
  return {
    dueMs,
    startedMs,
    endedMs,
    outcome,
    detail: outcome === "completed" ? null : detail,
    trigger: "due",
    askedBy: null,
  };
}

/**
 * Follows one scheduler from reading to reading. Its next time moves on when a run begins, so a run is known by the time
 * it was due at, and times that were jumped over while the scheduler stood still were missed.
 */
export function createSchedulerTrack(open: readonly number[]) {
  let nextMs: number | null = null;
  let readMs = 0;
  const running = new Set<number>(open);

  return {
    /** The jobs whose state is wanted next, with the time since when they may have run. */
    asks: ({ jobPrefix }: Scheduler): [string, number][] =>
      [...running].slice(-openMax).map((dueMs) => [`${jobPrefix}${dueMs}`, dueMs - eventMarginMs]),

    /** @returns the runs that are new or have changed. */
    take(
      reading: SchedulerReading,
      { serverMs, jobs }: { serverMs: number; jobs: ReadonlyMap<string, JobState> },
    ): RunNote[] {
      const notes: RunNote[] = [];
      for (const dueMs of [...running]) {
        const job = jobs.get(`${reading.jobPrefix}${dueMs}`);
        if (job === undefined) continue;
        const note = noteOf(dueMs, job);
        notes.push(note);
        if (note.outcome !== "running" && note.outcome !== "waiting") running.delete(dueMs);
      }
      // An edit also moves the next time, but then the old one has not come yet.
      if (nextMs !== null && reading.nextMs > nextMs && nextMs <= serverMs) {
        const began = nextMs;
        running.add(began);
        notes.push({
          dueMs: began,
          startedMs: null,
          endedMs: null,
          outcome: "running",
          detail: null,
          trigger: "due",
          askedBy: null,
        });
        const repetition = repetitionOf(reading, reading.nextMs);
        const { times } =
          repetition === null ? { times: [] } : timesBetween(repetition, began, reading.nextMs, skippedMax);
        for (const dueMs of times)
          if (dueMs <= readMs)
            notes.push({
              dueMs,
              startedMs: null,
              endedMs: null,
              outcome: "missed",
              detail: `The run of ${new Date(began).toISOString().slice(11, 16)} UTC had not started yet`,
              trigger: "due",
              askedBy: null,
            });
          else running.add(dueMs);
        while (running.size > openMax) running.delete(Math.min(...running));
      }
      nextMs = reading.nextMs;
      readMs = serverMs;
      return notes;
    },
  };
}
export type SchedulerTrack = ReturnType<typeof createSchedulerTrack>;
