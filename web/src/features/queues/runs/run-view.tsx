import { useMutation, useQuery } from "@tanstack/react-query";
import { type JobRunDetail, readJobRunResult } from "@wheelhouse/shared/queues/runs.ts";
import { type ReactNode, useState } from "react";
import { saveAnswer } from "#lib/api/answer-file.ts";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPlural, formatRate, formatSpan } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { RateChart } from "#ui/run/rate-chart.tsx";
import { RunFrame, RunHead, RunPhases } from "#ui/run/run-frame.tsx";
import { RunJournal } from "#ui/run/run-journal.tsx";
import { RunKeys, RunProgress } from "#ui/run/run-progress.tsx";
import { remainingOf } from "#ui/run/run-rates.ts";
import { Time } from "#ui/text/time.tsx";
import { Causes } from "./causes.tsx";
import { jobRunQuery, type Steering, useSteerJobRun } from "./queries.ts";
import css from "./runs.module.css";
import { actWords, happeningWords, progressWords, runPhases, runVerdict, whyText } from "./view.ts";

const isGoing = ({ state }: JobRunDetail) => state === "running" || state === "paused";
const isHeld = ({ lanes }: JobRunDetail) => lanes.some(({ phase }) => phase === "held");

const figuresOf = (run: JobRunDetail, nowMs: number) => {
  const rates = run.lanes.filter(({ phase }) => phase === "sending").map((lane) => lane.ratePerSecond);
  const rate = rates.includes(null) ? null : rates.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  const startMs = Date.parse(run.startsAt ?? run.plannedAt);
  const endMs = run.endedAt === null ? nowMs : Date.parse(run.endedAt);
  const words = progressWords(run.act);
  const isRunning = run.state === "running" && remainingOf(run) > 0;
  const name = words.succeeded;
  return [
    { label: "Begun", value: formatCount(run.sent), note: `of ${formatCount(run.total)}` },
    { label: `${name[0]?.toUpperCase()}${name.slice(1)}`, value: formatCount(run.succeeded) },
    {
      label: run.act === "retry" ? "Failed again" : "Refused",
      value: formatCount(run.failed),
      isBad: run.failed > 0,
    },
    { label: "Left alone", value: formatCount(run.skipped) },
    { label: "Remaining", value: formatCount(remainingOf(run)) },
    ...(isRunning && rate !== null ? [{ label: "Rate now", value: formatRate(rate), note: "/s" }] : []),
    { label: "Elapsed", value: formatSpan(Math.max(0, endMs - startMs)) },
    ...(isRunning && rate !== null && rate > 0
      ? [{ label: "Left", value: formatSpan((remainingOf(run) / rate) * 1000) }]
      : []),
  ];
};

const Started = ({ run }: { run: JobRunDetail }) => {
  const nowMs = useNow();
  const waitMs = run.startsAt === null ? 0 : Date.parse(run.startsAt) - nowMs;
  const { act, total, jobState, queue, to } = run;
  return (
    <p className="c2">
      {actWords[act].verb} {formatPlural(total, "job")}, {jobState} in <b>{queue.name}</b>
      {to !== null && (
        <>
          {" "}
          to <b>{to.name}</b>
        </>
      )}
      . Snapshot taken at <Time at={run.plannedAt} full />
      {run.startedBy !== null && `, started by ${run.startedBy}`}
      {run.reason !== null && `. “${run.reason}”`}
      {run.state === "running" && waitMs > 0 && <b> Begins in {Math.ceil(waitMs / 1000)} s.</b>}
    </p>
  );
};

const Rates = ({ run }: { run: JobRunDetail }) => {
  const nowMs = useNow();
  const { startsAt, endedAt, rates, lanes, journal, ratePerSecond } = run;
  if (startsAt === null || nowMs < Date.parse(startsAt)) return null;
  const fromMs = Date.parse(startsAt);
  const lastMs = Math.max(
    ...rates.flatMap(({ points }) => points.map(({ at }) => Date.parse(at))),
    fromMs + 1,
  );
  return (
    <RateChart
      title={lanes.length > 1 ? "Rate per cause" : "Rate"}
      unit="jobs /s"
      limit={ratePerSecond}
      lanes={lanes.map((lane) => ({ id: lane.laneId, name: lane.error ?? lane.jobName }))}
      rates={rates}
      moments={journal
        .filter(({ what }) => what === "held" || what === "paused" || what === "rate_set")
        .map(({ at, what, detail }) => ({ at, text: detail ?? happeningWords[what] }))}
      fromMs={fromMs}
      toMs={endedAt === null ? (run.state === "running" ? nowMs : lastMs) : Date.parse(endedAt)}
    />
  );
};

const Rest = ({ run }: { run: JobRunDetail }) =>
  run.rest.length === 0 ? null : (
    <>
      <div className={`sec-h ${css.head}`}>
        <h3 className="h">
          {formatCount(run.failed)} failed, {formatCount(run.skipped)} left alone
        </h3>
        <span className="c3 t12">by reason</span>
      </div>
      <table className="tb compact">
        <caption className="vh">Jobs that failed or were left alone, by reason</caption>
        <tbody>
          {run.rest.map(({ outcome, why, jobName, count }) => (
            <tr key={`${outcome} ${why} ${jobName}`}>
              <td>{whyText(why)}</td>
              <td className="c2 cut">{jobName}</td>
              <td className="c2">{outcome === "failed" ? "failed" : "left alone"}</td>
              <td className="num b">{formatCount(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );

const Acts = (props: {
  organization: string;
  run: JobRunDetail;
  canAct: boolean;
  isBusy: boolean;
  onAct: (act: Steering) => void;
  onCancel: () => void;
}) => {
  const { organization, run, canAct, isBusy, onAct, onCancel } = props;
  const save = useMutation({
    mutationFn: () => saveAnswer(readJobRunResult, { params: { id: run.id } }, organization),
  });
  return (
    <>
      {save.error !== null && (
        <span role="alert" className="tx-warn t12">
          {save.error.message}
        </span>
      )}
      {run.startedBy !== null && (
        <Button large disabled={save.isPending} onClick={() => save.mutate()}>
          Download CSV
        </Button>
      )}
      {canAct && isGoing(run) && (
        <>
          {(run.state === "paused" || isHeld(run)) && (
            <Button large variant="primary" disabled={isBusy} onClick={() => onAct("resume")}>
              Resume
            </Button>
          )}
          {run.state === "running" && (
            <Button large disabled={isBusy} onClick={() => onAct("pause")}>
              Pause
            </Button>
          )}
          <Button large variant="danger" disabled={isBusy} onClick={onCancel}>
            Cancel remaining…
          </Button>
        </>
      )}
    </>
  );
};

const Aside = ({ run }: { run: JobRunDetail }) => (
  <>
    <RunJournal
      entries={run.journal.map(({ at, what, lane, detail }) => ({
        at,
        text: lane === null ? happeningWords[what] : `${happeningWords[what]}: ${lane}`,
        detail,
        isWarning: what === "held" || what === "paused",
      }))}
    />
    <p className="c2 t12">
      <b>You can close this page.</b> The run goes on, survives a restart, and acts on each job once.
    </p>
  </>
);

const CancelDialog = (props: {
  left: number;
  steer: ReturnType<typeof useSteerJobRun>;
  onClose: () => void;
}) => {
  const { left, steer, onClose } = props;
  const jobs = formatPlural(left, "job");
  return (
    <ConfirmDialog
      title={`Cancel the remaining ${jobs}`}
      confirm={`Cancel ${jobs}`}
      dismiss="Keep running"
      foot="A cancelled run cannot be resumed."
      isDestructive
      isBusy={steer.isPending}
      error={steer.error}
      onConfirm={() => steer.mutate("cancel", { onSuccess: onClose })}
      onClose={onClose}
    >
      <p className="c2">What was done stays done. The other jobs stay as they are.</p>
    </ConfirmDialog>
  );
};

const Run = (props: { organization: string; run: JobRunDetail; back: ReactNode }) => {
  const { organization, run, back } = props;
  const nowMs = useNow();
  const canAct = useCan(organization, "queues:act");
  const steer = useSteerJobRun(organization, run.id);
  const [isCancelling, setIsCancelling] = useState(false);
  const words = progressWords(run.act);
  const held = isHeld(run) || run.state === "paused";
  return (
    <RunFrame aside={<Aside run={run} />}>
      <RunHead
        verdict={runVerdict(run)}
        back={back}
        acts={
          <Acts
            organization={organization}
            run={run}
            canAct={canAct}
            isBusy={steer.isPending}
            onAct={steer.mutate}
            onCancel={() => setIsCancelling(true)}
          />
        }
        figures={figuresOf(run, nowMs)}
      >
        <Started run={run} />
        {steer.error !== null && !isCancelling && (
          <ActError title="It came too late, or could not be done." error={steer.error} />
        )}
      </RunHead>
      <div className={css.progress}>
        <RunProgress counts={run} words={words} isHeld={held} isBig />
        <RunKeys counts={run} words={words} isHeld={held} />
      </div>
      <RunPhases phases={runPhases(run)} />
      <Rates run={run} />
      <Causes organization={organization} run={run} canAct={canAct} />
      <Rest run={run} />
      {isCancelling && (
        <CancelDialog left={remainingOf(run)} steer={steer} onClose={() => setIsCancelling(false)} />
      )}
    </RunFrame>
  );
};

/** One run on jobs: progress by cause, outcomes and journal, with controls for those who may act. */
export const JobRunView = (props: { organization: string; id: string; back: ReactNode }) => {
  const { organization, id, back } = props;
  const query = useQuery(jobRunQuery(organization, id));
  if (query.error instanceof ApiError && query.error.code === "not_found") {
    return (
      <Empty title="Run not found">Its retention has expired, or it belongs to another organization.</Empty>
    );
  }
  return (
    <Panel name="The run" query={query} skeletonRows={10}>
      {(run) => <Run organization={organization} run={run} back={back} />}
    </Panel>
  );
};
