import type { JobRunDetail, JobRunLane } from "@wheelhouse/shared/queues/runs.ts";
import type { LaneChange } from "@wheelhouse/shared/runs.ts";
import { formatCount, formatPlural, formatRate, formatSpan } from "#lib/format.ts";
import { LaneActs } from "#ui/run/lane-acts.tsx";
import { type LaneView, RunLanes } from "#ui/run/run-lanes.tsx";
import { remainingOf } from "#ui/run/run-rates.ts";
import { useSteerCause } from "./queries.ts";
import { laneView, progressWords } from "./view.ts";

const doneIn = (lane: JobRunLane, isRunning: boolean): string => {
  if (lane.phase === "done") return "done";
  if (lane.phase === "held") return "on hold";
  if (!isRunning || lane.ratePerSecond === null || lane.ratePerSecond === 0) return "–";
  return formatSpan((remainingOf(lane) / lane.ratePerSecond) * 1000);
};

const subOf = ({ cause, isLeftOut, limitPerSecond, error, jobName }: JobRunLane): string => {
  if (cause !== null) return cause;
  if (isLeftOut) return "The rest is left out";
  if (limitPerSecond !== null) return `Limited to ${formatCount(limitPerSecond)} /s`;
  return error === null ? "" : jobName;
};

const rateText = ({ phase, ratePerSecond }: JobRunLane, isRunning: boolean): string => {
  if (phase !== "sending" || !isRunning) return "–";
  return ratePerSecond === null ? "no limit" : `${formatRate(ratePerSecond)} /s`;
};

/** Causes of a run, held ones first, with what a person can do about each. */
export const Causes = (props: { organization: string; run: JobRunDetail; canAct: boolean }) => {
  const { organization, run, canAct } = props;
  const steer = useSteerCause(organization, run.id);
  const isRunning = run.state === "running";
  const isGoing = isRunning || run.state === "paused";
  const change = (laneId: string) => (what: LaneChange, done: () => void) =>
    steer.mutate({ laneId, change: what }, { onSuccess: done });
  const lanes = run.lanes.map((lane): LaneView => {
    const error = steer.variables?.laneId === lane.laneId ? steer.error : null;
    const name = lane.error ?? lane.jobName;
    return {
      id: lane.laneId,
      name,
      sub: subOf(lane),
      status: laneView(run, lane),
      counts: lane,
      isHeld: lane.phase === "held",
      rate: rateText(lane, isRunning),
      doneIn: doneIn(lane, isRunning),
      note:
        error === null ? null : (
          <span role="alert" className="tx-warn" title={error.message}>
            {error.message}
          </span>
        ),
      acts: isGoing && canAct && lane.phase !== "done" && (
        <LaneActs
          name={name}
          rest={formatPlural(remainingOf(lane), "job")}
          remaining={remainingOf(lane)}
          isHeld={lane.phase === "held"}
          limit={lane.limitPerSecond}
          isBusy={steer.isPending}
          error={error}
          onChange={change(lane.laneId)}
        />
      ),
    };
  });
  return (
    <RunLanes
      caption="Progress per cause"
      header={run.act === "retry" ? "Cause" : "Job name"}
      words={progressWords(run.act)}
      lanes={lanes}
      hasActs={isGoing && canAct}
    />
  );
};
