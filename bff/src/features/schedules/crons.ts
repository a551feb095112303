import type { Clock } from "#lib/time/clock.ts";
import { timeBefore, timesAfter, timesBetween, wordsOfPattern } from "#lib/time/cron.ts";
import { cronRow } from "./row.ts";
import type { ObservedSchedule, RunNote } from "./rows.ts";
import type { ObservedRuns } from "./watched/watched.ts";

/** A job of another system that tells the end of each run by a heartbeat. */
export type DeclaredCron = {
  id: string;
  name: string;
  organization: string;
  pattern: string;
  timeZone: string;
  graceMs: number;
};
type Beat = { atMs: number; state: "ok" | "degraded" | "down"; message: string | null };
/** The latest heartbeat of each service, in the order of the ids; null without one. */
export type ReadBeats = (serviceIds: readonly string[]) => Promise<readonly (Beat | null)[]>;

const missedMax = 20;
const idOf = ({ id }: DeclaredCron) => `cron~${encodeURIComponent(id)}`;
const note = (dueMs: number, of: Partial<RunNote> & Pick<RunNote, "outcome">): RunNote => ({
  dueMs,
  startedMs: of.startedMs ?? null,
  endedMs: of.endedMs ?? null,
  outcome: of.outcome,
  detail: of.detail ?? null,
  trigger: "due",
  askedBy: null,
});

/** Declared crons as schedules: each heartbeat is the end of the run that was due before it. */
export function createCrons(deps: {
  declared(): readonly DeclaredCron[];
  read: ReadBeats;
  runs: ObservedRuns;
  clock: Clock;
}) {
  const { declared, read, runs, clock } = deps;
  const known = new Map<string, { sinceMs: number; beatMs: number | null }>();

  function take(cron: DeclaredCron, beat: Beat | null) {
    const id = idOf(cron);
    const before = known.get(id) ?? { sinceMs: clock.now(), beatMs: null };
    known.set(id, before);
    if (beat === null || beat.atMs === before.beatMs) return;
    const repetition = { pattern: cron.pattern, timeZone: cron.timeZone };
    const dueMs = timeBefore(repetition, beat.atMs) ?? beat.atMs;
    const to = { organization: cron.organization, schedule: id, everyMs: null };
    const isFailed = beat.state === "down";
    runs.note(
      to,
      note(dueMs, { outcome: isFailed ? "failed" : "completed", endedMs: beat.atMs, detail: beat.message }),
    );
    const lastMs = before.beatMs === null ? null : timeBefore(repetition, before.beatMs);
    if (lastMs !== null)
      for (const missedMs of timesBetween(repetition, lastMs, dueMs, missedMax).times)
        runs.note(to, note(missedMs, { outcome: "missed", detail: "No heartbeat came" }));
    before.beatMs = beat.atMs;
  }

  return {
    async sample(): Promise<readonly DeclaredCron[]> {
      const all = declared();
      if (all.length === 0) return all;
      await runs
        .load(all.map((cron) => ({ organization: cron.organization, schedule: idOf(cron) })))
        .catch(() => {});
      const beats = await read(all.map(({ id }) => id));
      all.forEach((cron, at) => {
        take(cron, beats[at] ?? null);
      });
      return all;
    },
    rows: (all: readonly DeclaredCron[], nowMs: number): ObservedSchedule[] =>
      all.map((cron) => {
        const id = idOf(cron);
        const { sinceMs, beatMs } = known.get(id) ?? { sinceMs: nowMs, beatMs: null };
        const repetition = { pattern: cron.pattern, timeZone: cron.timeZone };
        const [dueMs] = timesAfter(repetition, beatMs ?? sinceMs, 1);
        return cronRow({
          id,
          name: cron.name,
          organization: cron.organization,
          words: wordsOfPattern(cron.pattern),
          repetition,
          nowMs,
          overdueMs: dueMs !== undefined && dueMs + cron.graceMs <= nowMs ? dueMs : null,
          runs: runs.of(id) ?? [],
          knownMs: sinceMs,
        });
      }),
  };
}
