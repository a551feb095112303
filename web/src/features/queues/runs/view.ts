import type {
  JobRun,
  JobRunAct,
  JobRunDetail,
  JobRunHappening,
  JobRunLane,
} from "@wheelhouse/shared/queues/runs.ts";
import type { RunPhase, RunState } from "@wheelhouse/shared/runs.ts";
import { formatCount, formatPercent, formatPlural } from "#lib/format.ts";
import type { Tone } from "#ui/page/status.tsx";
import type { RunPhaseView } from "#ui/run/run-frame.tsx";
import { remainingOf } from "#ui/run/run-rates.ts";

type View = { tone: Tone; label: string };

/** Verb, past participle and noun of each act. */
export const actWords: Record<JobRunAct, { verb: string; done: string; noun: string }> = {
  retry: { verb: "Retry", done: "retried", noun: "Retry" },
  remove: { verb: "Remove", done: "removed", noun: "Removal" },
  promote: { verb: "Promote", done: "promoted", noun: "Promotion" },
  move: { verb: "Move", done: "moved", noun: "Move" },
};

/** What the parts of a progress bar are called. */
export const progressWords = (act: JobRunAct) => ({
  succeeded: act === "retry" ? "completed" : actWords[act].done,
  open: act === "retry" ? "waiting to run" : "about to be done",
});

export const stateViews: Record<RunState, View> = {
  planned: { tone: "neutral", label: "Planned" },
  running: { tone: "run", label: "Running" },
  paused: { tone: "degraded", label: "Paused" },
  completed: { tone: "ok", label: "Completed" },
  cancelled: { tone: "neutral", label: "Cancelled" },
  expired: { tone: "neutral", label: "Expired" },
};
const phaseViews: Record<RunPhase, View> = {
  canary: { tone: "run", label: "Canary" },
  sending: { tone: "run", label: "Going" },
  held: { tone: "degraded", label: "On hold" },
  done: { tone: "ok", label: "Done" },
};

/** State of one cause, given the state of its run. */
export const laneView = ({ state }: Pick<JobRun, "state">, { phase }: JobRunLane): View => {
  if (phase === "held" || phase === "done" || state === "running") return phaseViews[phase];
  return state === "paused" ? { tone: "paused", label: "Paused" } : stateViews[state];
};

export const laneName = ({ jobName, error }: Pick<JobRunLane, "jobName" | "error">): string =>
  error === null ? jobName : `${error} (${jobName})`;

export const exclusionWords: Record<JobRunDetail["plan"]["excluded"][number]["why"], string> = {
  schedule: "Next run of a schedule",
  flow: "Part of a flow, cannot move",
  elsewhere: "No longer in this state",
};

const whyWords: Record<string, string> = {
  changed: "Changed after the snapshot",
  gone: "No longer there",
  locked: "A worker holds it",
  schedule: "Next run of a schedule",
  left_out: "Left out by a person",
  queue_gone: "Its queue is gone",
  unreadable: "Its options cannot be read",
  "no outcome": "No outcome known within a day",
};
/** Why a job was left alone or failed; errors of jobs stand for themselves. */
export const whyText = (why: string): string => whyWords[why] ?? why;

export const happeningWords: Record<JobRunHappening, string> = {
  planned: "Snapshot taken",
  started: "Started",
  canary_passed: "Canary passed",
  slowed: "Rate halved",
  held: "On hold",
  lane_done: "Finished",
  skipped: "Left out",
  rate_set: "Rate set",
  paused: "Paused",
  resumed: "Resumed",
  completed: "Completed",
  cancelled: "Cancelled",
};

/** What a run is called in a list. */
export const runTitle = ({ act, total, queue, to }: JobRun): string =>
  `${actWords[act].verb} ${formatPlural(total, "job")} ${act === "move" && to !== null ? `from ${queue.name} to ${to.name}` : `in ${queue.name}`}`;

/** Headline of a run. */
export const runVerdict = (run: JobRunDetail): string => {
  const { act, state, cause, total, sent, succeeded, failed, skipped } = run;
  const done = act === "retry" ? "completed" : actWords[act].done;
  if (state === "paused") return cause === null ? "Paused" : `Paused: ${cause}`;
  if (state === "cancelled") return `Cancelled after ${formatCount(sent)} of ${formatPlural(total, "job")}`;
  if (state === "expired") return "Expired: nobody started this plan";
  if (state === "planned") return `Planned: ${formatPlural(total, "job")}, nothing changed`;
  const rest = [
    failed > 0 && `${formatCount(failed)} failed`,
    skipped > 0 && `${formatCount(skipped)} left alone`,
  ].filter((part) => part !== false);
  if (state === "completed")
    return [`Completed: ${formatCount(succeeded)} of ${formatCount(total)} ${done}`, ...rest].join(", ");
  const left = remainingOf(run);
  return left > 0
    ? `Running: ${formatCount(left)} of ${formatPlural(total, "job")} to go`
    : `Running: all ${formatCount(sent)} ${actWords[act].done}, ${formatCount(sent - succeeded - failed)} still to end`;
};

/** From the snapshot to the report, in the words of jobs. */
export const runPhases = (run: JobRunDetail): RunPhaseView[] => {
  const { act, state, plan, lanes, succeeded, sent, startsAt, ratePerSecond } = run;
  const excluded = plan.excluded.reduce((sum, { count }) => sum + count, 0);
  const isOver = state === "completed" || state === "cancelled";
  const inCanary = lanes.some(({ phase }) => phase === "canary");
  const isGoing = startsAt !== null && !inCanary;
  const share = plan.failedShareToHold;
  const canary: RunPhaseView = {
    name: isGoing || isOver ? "Canary passed" : "Canary",
    detail: `${formatPlural(plan.canary, "job")}, most must complete`,
    is: isGoing || isOver ? "done" : "now",
  };
  return [
    {
      name: "Snapshot",
      detail: `${formatCount(plan.matched)} match, ${formatCount(excluded)} excluded`,
      is: "done",
    },
    ...(plan.canary > 0 ? [canary] : []),
    {
      name: ratePerSecond === null ? "No rate limit" : `${formatCount(ratePerSecond)} /s`,
      detail:
        act === "retry" && share !== null
          ? `held when over ${formatPercent(share)} fail again`
          : "each job once",
      is: isOver ? "done" : isGoing ? "now" : "to come",
    },
    {
      name: state === "cancelled" ? "Cancelled" : "Finish",
      detail: isOver
        ? `${formatCount(succeeded)} of ${formatCount(sent)} ${progressWords(act).succeeded}`
        : "report and audit event",
      is: isOver ? "done" : "to come",
    },
  ];
};

/** Above this count it has to be typed. */
const typedAbove = 25;
export const asksCount = ({ total }: Pick<JobRun, "total">): boolean => total > typedAbove;
