import type { ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import { type OwnScheduleDeclaration, ownScheduleId } from "#lib/own-schedules.ts";
import {
  type Repetition,
  timesAfter,
  timesBetween,
  wordsOfInterval,
  wordsOfPattern,
} from "#lib/time/cron.ts";
import { type ObservedSchedule, type RunNote, runOfNote } from "./rows.ts";
import { judgeSchedule, missedAfterMs, usualOf } from "./rules.ts";
import type { StateRow } from "./state-store.ts";
import { intervalOf, type KeptScheduler, repetitionOf, type WatchedScheduler } from "./watched/watched.ts";

const recentMax = 20;

export const pauseOf = (state: StateRow | undefined): ScheduleRow["paused"] =>
  state?.paused_at == null
    ? null
    : {
        at: state.paused_at.toISOString(),
        by: state.paused_by ?? "",
        reason: state.pause_reason ?? "",
        recreatedAt: state.recreated_at?.toISOString() ?? null,
      };

const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

type Made = {
  identity: Pick<
    ObservedSchedule,
    | "id"
    | "organization"
    | "name"
    | "kind"
    | "queue"
    | "source"
    | "runs"
    | "pattern"
    | "everyMs"
    | "timeZone"
    | "readOnly"
  >;
  repetition: Repetition | null;
  nowMs: number;
  /** The next time as its source tells it, which may have passed. */
  nextMs: number | null;
  overdueMs: number | null;
  /** Set while it does not run. */
  paused: ScheduleRow["paused"];
  /** Set while it runs although it was paused: its program created it again. */
  pausedInVain?: ScheduleRow["paused"];
  runs: readonly RunNote[];
  hindrance: string | null;
  knownMs: number;
  timeoutMs: number | null;
};

/** The times that have passed without a run while a schedule stands still. */
function passedOf({ repetition, overdueMs, nowMs }: Made, isMissed: boolean): RunNote[] {
  if (overdueMs === null || !isMissed) return [];
  const later = repetition === null ? [] : timesBetween(repetition, overdueMs, nowMs, recentMax).times;
  return [overdueMs, ...later]
    .reverse()
    .slice(0, recentMax)
    .map((dueMs) => ({
      dueMs,
      startedMs: null,
      endedMs: null,
      outcome: "missed",
      detail: "No run has started",
      trigger: "due",
      askedBy: null,
    }));
}

function rowOf(made: Made): ObservedSchedule {
  const { identity, repetition, nowMs, nextMs, overdueMs, paused, runs } = made;
  const intervalMs = intervalOf(repetition, nowMs);
  const verdict = judgeSchedule({ ...made, intervalMs });
  const isLate = verdict.label === "Overdue" || verdict.label === "Missed";
  const isMissed = overdueMs !== null && nowMs - overdueMs >= missedAfterMs(intervalMs);
  const passed = paused === null ? passedOf(made, isMissed) : [];
  const shown = [...passed, ...runs.filter(({ dueMs }) => !passed.some((each) => each.dueMs === dueMs))];
  const next =
    nextMs !== null && nextMs > nowMs
      ? nextMs
      : repetition === null
        ? undefined
        : timesAfter(repetition, nowMs, 1)[0];
  const last = shown[0];
  return {
    id: identity.id,
    organization: identity.organization,
    name: identity.name,
    kind: identity.kind,
    queue: identity.queue,
    source: identity.source,
    runs: identity.runs,
    pattern: identity.pattern,
    everyMs: identity.everyMs,
    timeZone: identity.timeZone,
    readOnly: identity.readOnly,
    state: verdict.state,
    label: verdict.label,
    cause: verdict.cause,
    since: new Date(verdict.sinceMs).toISOString(),
    nextAt: paused === null ? iso(next) : null,
    overdueSince: isLate && overdueMs !== null ? new Date(overdueMs).toISOString() : null,
    last: last === undefined ? null : runOfNote(last),
    usualMs: usualOf(runs),
    recent: shown
      .slice(0, recentMax)
      .map(({ outcome }) => outcome)
      .reverse(),
    paused: paused ?? made.pausedInVain ?? null,
  };
}

/** The row of a watched scheduler. @param hindrance why its queue cannot run jobs now. */
export function rowOfWatched(
  { id, organization, sourceId, readOnly, queue, scheduler }: WatchedScheduler,
  of: {
    nowMs: number;
    runs: readonly RunNote[];
    state: StateRow | undefined;
    hindrance: string | null;
    knownMs: number;
  },
): ObservedSchedule {
  const { pattern, everyMs, nextMs } = scheduler;
  const repetition = repetitionOf(scheduler, nextMs);
  const zone = repetition !== null && "timeZone" in repetition ? repetition.timeZone : scheduler.timeZone;
  return rowOf({
    identity: {
      id,
      organization,
      name: scheduler.isLegacy ? scheduler.name : scheduler.key,
      kind: "bullmq",
      queue: { id: queue.id, name: queue.name },
      source: sourceId,
      runs: everyMs !== null ? wordsOfInterval(everyMs) : wordsOfPattern(pattern ?? ""),
      pattern,
      everyMs,
      timeZone: everyMs !== null ? null : zone,
      readOnly: scheduler.isLegacy
        ? "Repeatable jobs of BullMQ 4 and earlier can only be changed by their own program"
        : readOnly,
    },
    repetition,
    nowMs: of.nowMs,
    nextMs,
    overdueMs: nextMs <= of.nowMs ? nextMs : null,
    paused: null,
    pausedInVain: pauseOf(of.state),
    runs: of.runs,
    hindrance: of.hindrance,
    knownMs: of.knownMs,
    timeoutMs: null,
  });
}

/** The row of a watched scheduler that is not in its Redis while it is paused. */
export function rowOfPaused(
  kept: KeptScheduler,
  of: { organization: string; state: StateRow; nowMs: number; runs: readonly RunNote[] },
): ObservedSchedule {
  const { pattern, everyMs, timeZone, queue, source } = kept;
  return rowOf({
    identity: {
      id: of.state.schedule,
      organization: of.organization,
      name: of.state.name,
      kind: "bullmq",
      queue: { id: queue.id, name: queue.name },
      source,
      runs: everyMs !== null ? wordsOfInterval(everyMs) : wordsOfPattern(pattern ?? ""),
      pattern,
      everyMs,
      timeZone,
      readOnly: null,
    },
    repetition: null,
    nowMs: of.nowMs,
    nextMs: null,
    overdueMs: null,
    paused: pauseOf(of.state),
    runs: of.runs,
    hindrance: null,
    knownMs: of.nowMs,
    timeoutMs: null,
  });
}

/** The row of one of Wheelhouse's own schedules. */
export function rowOfOwn(
  { name, pattern, after, timeoutMs }: OwnScheduleDeclaration,
  of: {
    nowMs: number;
    runs: readonly RunNote[];
    state: StateRow;
    /** When the schedule that it follows runs next. */
    parentNextMs: number | null;
  },
): ObservedSchedule {
  const repetition = pattern === null ? null : { pattern, timeZone: "UTC" };
  const handledMs = of.state.handled_until?.getTime() ?? null;
  const [due] = repetition === null || handledMs === null ? [] : timesAfter(repetition, handledMs, 1);
  const hasOpen = of.runs.some(({ outcome }) => outcome === "running" || outcome === "waiting");
  return rowOf({
    identity: {
      id: ownScheduleId(name),
      organization: platformOrganization.slug,
      name,
      kind: "own",
      queue: null,
      source: null,
      runs: pattern === null ? `After ${after}` : wordsOfPattern(pattern),
      pattern,
      everyMs: null,
      timeZone: "UTC",
      readOnly: null,
    },
    repetition,
    nowMs: of.nowMs,
    nextMs: of.parentNextMs,
    // A run that takes longer than its interval is running, not late.
    overdueMs: due !== undefined && due <= of.nowMs && !hasOpen ? due : null,
    paused: pauseOf(of.state),
    runs: of.runs,
    hindrance: "No worker of Wheelhouse runs it",
    knownMs: of.nowMs,
    timeoutMs,
  });
}

/** The row of a declared cron. */
export const cronRow = (of: {
  id: string;
  name: string;
  organization: string;
  words: string;
  repetition: { pattern: string; timeZone: string };
  nowMs: number;
  overdueMs: number | null;
  runs: readonly RunNote[];
  knownMs: number;
}): ObservedSchedule =>
  rowOf({
    identity: {
      id: of.id,
      organization: of.organization,
      name: of.name,
      kind: "cron",
      queue: null,
      source: null,
      runs: of.words,
      pattern: of.repetition.pattern,
      everyMs: null,
      timeZone: of.repetition.timeZone,
      readOnly: "It runs in another system; Wheelhouse only hears of it",
    },
    repetition: of.repetition,
    nowMs: of.nowMs,
    nextMs: null,
    overdueMs: of.overdueMs,
    paused: null,
    runs: of.runs,
    hindrance: "No heartbeat",
    knownMs: of.knownMs,
    timeoutMs: null,
  });
