import type { LaneChange } from "@wheelhouse/shared/runs.ts";
import type { ReplayDetail, ReplayEndpoint } from "@wheelhouse/shared/webhooks/replays.ts";
import { formatCount, formatPlural, formatRate, formatSpan } from "#lib/format.ts";
import { LaneActs } from "#ui/run/lane-acts.tsx";
import { type LaneView, RunLanes } from "#ui/run/run-lanes.tsx";
import { remainingOf } from "#ui/run/run-rates.ts";
import { urlText } from "../deliveries/deliveries.ts";
import { useSteerEndpoint } from "./queries.ts";
import { laneView, replayWords } from "./view.ts";

const rateText = ({ phase, ratePerSecond }: ReplayEndpoint, isRunning: boolean): string => {
  if (phase !== "sending" || !isRunning) return "–";
  return ratePerSecond === null ? "no limit" : `${formatRate(ratePerSecond)} /s`;
};

const doneIn = (lane: ReplayEndpoint, isRunning: boolean): string => {
  const { phase, ratePerSecond } = lane;
  if (phase === "done") return "done";
  if (phase === "held") return "on hold";
  if (!isRunning || ratePerSecond === null || ratePerSecond === 0) return "–";
  return formatSpan((remainingOf(lane) / ratePerSecond) * 1000);
};

const subOf = ({ cause, isLeftOut, limitPerSecond, url }: ReplayEndpoint): string => {
  if (cause !== null) return cause;
  if (isLeftOut) return "The rest is left out";
  return limitPerSecond === null ? urlText(url) : `Limited to ${formatCount(limitPerSecond)} /s`;
};

/** Endpoints of a run, held ones first, with what a person can do about each. */
export const ReplayLanes = (props: { organization: string; run: ReplayDetail; canReplay: boolean }) => {
  const { organization, run, canReplay } = props;
  const steer = useSteerEndpoint(organization, run.id);
  const isRunning = run.state === "running";
  const isGoing = isRunning || run.state === "paused";
  const change = (endpointId: string) => (what: LaneChange, done: () => void) =>
    steer.mutate({ endpointId, change: what }, { onSuccess: done });
  const lanes = run.endpoints.map((lane): LaneView => {
    const isSteered = steer.variables?.endpointId === lane.endpointId;
    const error = isSteered ? steer.error : null;
    return {
      id: lane.endpointId,
      name: lane.name,
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
      acts: isGoing && canReplay && lane.phase !== "done" && (
        <LaneActs
          name={lane.name}
          rest={formatPlural(remainingOf(lane), "delivery", "deliveries")}
          remaining={remainingOf(lane)}
          isHeld={lane.phase === "held"}
          limit={lane.limitPerSecond}
          isBusy={steer.isPending}
          error={error}
          onChange={change(lane.endpointId)}
        />
      ),
    };
  });
  return (
    <RunLanes
      caption="Progress per endpoint"
      header="Endpoint"
      words={replayWords}
      lanes={lanes}
      hasActs={isGoing && canReplay}
    />
  );
};
