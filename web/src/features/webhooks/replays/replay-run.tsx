import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReplayDetail, readReplayResult } from "@wheelhouse/shared/webhooks/replays.ts";
import { useState } from "react";
import { saveAnswer } from "#lib/api/answer-file.ts";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPlural, formatRate, formatSpan } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { onDemand } from "#lib/on-demand.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { RunFrame, RunHead, RunPhases } from "#ui/run/run-frame.tsx";
import { RunKeys, RunProgress } from "#ui/run/run-progress.tsx";
import { remainingOf } from "#ui/run/run-rates.ts";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Time } from "#ui/text/time.tsx";
import type { WebhooksSearch } from "../search.ts";
import { replayQuery, type Steering, useSteerReplay } from "./queries.ts";
import { ReplayLanes } from "./replay-lanes.tsx";
import { ReplayAside, ReplayFailures, ReplayRates } from "./replay-parts.tsx";
import css from "./replays.module.css";
import { replayPhases, replayVerdict, replayWords } from "./view.ts";

const ReplayPlanDialog = onDemand(async () => ({
  default: (await import("./replay-plan-dialog.tsx")).ReplayPlanDialog,
}));

type Address = PageAddress<WebhooksSearch>;

const isGoing = ({ state }: ReplayDetail) => state === "running" || state === "paused";
const isHeld = ({ endpoints }: ReplayDetail) => endpoints.some(({ phase }) => phase === "held");

/** Pause, resume and cancel, each only when available. */
const Acts = (props: {
  run: ReplayDetail;
  isBusy: boolean;
  onAct: (act: Steering) => void;
  onCancel: () => void;
}) => {
  const { run, isBusy, onAct, onCancel } = props;
  if (!isGoing(run)) return null;
  return (
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
  );
};

/** The rate of all endpoints that are sent to; null without a limit. */
const rateNow = ({ endpoints }: ReplayDetail): number | null => {
  const rates = endpoints.filter(({ phase }) => phase === "sending").map((lane) => lane.ratePerSecond);
  return rates.includes(null) ? null : rates.reduce<number>((sum, each) => sum + (each ?? 0), 0);
};

const figuresOf = (run: ReplayDetail, nowMs: number) => {
  const rate = rateNow(run);
  const startMs = Date.parse(run.startsAt ?? run.plannedAt);
  const endMs = run.endedAt === null ? nowMs : Date.parse(run.endedAt);
  const left = run.endpoints
    .filter(({ phase }) => phase !== "held")
    .reduce((sum, lane) => sum + remainingOf(lane), 0);
  return [
    { label: "Sent", value: formatCount(run.sent), note: `of ${formatCount(run.total)}` },
    { label: "Delivered", value: formatCount(run.succeeded) },
    { label: "Failed, still dead letters", value: formatCount(run.failed), isBad: run.failed > 0 },
    { label: "Skipped: changed or left out", value: formatCount(run.skipped) },
    { label: "Remaining", value: formatCount(remainingOf(run)) },
    ...(run.state === "running"
      ? [
          rate === null
            ? { label: "Current rate", value: "no limit" }
            : { label: "Current rate", value: formatRate(rate), note: "/s" },
        ]
      : []),
    { label: "Elapsed", value: formatSpan(Math.max(0, endMs - startMs)) },
    ...(run.state === "running" && rate !== null && rate > 0
      ? [{ label: isHeld(run) ? "Left, without the held" : "Left", value: formatSpan((left / rate) * 1000) }]
      : []),
  ];
};

const Started = ({ run }: { run: ReplayDetail }) => {
  const nowMs = useNow();
  const waitMs = run.startsAt === null ? 0 : Date.parse(run.startsAt) - nowMs;
  return (
    <p className="c2">
      Snapshot of {formatPlural(run.total, "dead letter")} taken at <Time at={run.plannedAt} full />
      {run.startedBy !== null && `, started by ${run.startedBy}`}
      {run.reason !== null && `. “${run.reason}”`}
      {run.state === "running" && waitMs > 0 && <b> First delivery in {Math.ceil(waitMs / 1000)} s.</b>}
    </p>
  );
};

/** The result of a run that has begun, as a file. */
const ResultButton = ({ organization, run }: { organization: string; run: ReplayDetail }) => {
  const save = useMutation({
    mutationFn: () => saveAnswer(readReplayResult, { params: { id: run.id } }, organization),
  });
  if (run.startedBy === null) return null;
  return (
    <>
      <Button large disabled={save.isPending} onClick={() => save.mutate()}>
        Download CSV
      </Button>
      {save.error !== null && (
        <span role="alert" className="tx-warn t12">
          {save.error.message}
        </span>
      )}
    </>
  );
};

const CancelDialog = (props: {
  left: number;
  steer: ReturnType<typeof useSteerReplay>;
  onClose: () => void;
}) => {
  const { left, steer, onClose } = props;
  const rest = formatPlural(left, "delivery", "deliveries");
  return (
    <ConfirmDialog
      title={`Cancel the remaining ${rest}`}
      confirm={`Cancel ${rest}`}
      dismiss="Keep running"
      foot="A cancelled run cannot be resumed."
      isDestructive
      isBusy={steer.isPending}
      error={steer.error}
      onConfirm={() => steer.mutate("cancel", { onSuccess: onClose })}
      onClose={onClose}
    >
      <p className="c2">
        Deliveries already sent are not affected. The others remain dead letters and can be replayed with
        another plan.
      </p>
    </ConfirmDialog>
  );
};

const Head = (props: {
  organization: string;
  run: ReplayDetail;
  address: Address;
  steer: ReturnType<typeof useSteerReplay>;
  canReplay: boolean;
  /** The dialog shows the error then. */
  isCancelling: boolean;
  onCancel: () => void;
}) => {
  const { organization, run, address, steer, canReplay, isCancelling, onCancel } = props;
  const nowMs = useNow();
  return (
    <RunHead
      verdict={replayVerdict(run)}
      back={
        <AddressLink className="link t12" address={address} to={{ tab: "replays" }}>
          All replay runs
        </AddressLink>
      }
      acts={
        <>
          <ResultButton organization={organization} run={run} />
          {canReplay && <Acts run={run} isBusy={steer.isPending} onAct={steer.mutate} onCancel={onCancel} />}
        </>
      }
      figures={figuresOf(run, nowMs)}
    >
      <Started run={run} />
      {steer.error !== null && !isCancelling && (
        <ActError title="It came too late, or could not be done." error={steer.error} />
      )}
    </RunHead>
  );
};

const Run = (props: { organization: string; run: ReplayDetail; address: Address }) => {
  const { organization, run, address } = props;
  const canReplay = useCan(organization, "webhooks:replay");
  const steer = useSteerReplay(organization, run.id);
  const [open, setOpen] = useState<"cancel" | "plan" | null>(null);
  const held = isHeld(run) || run.state === "paused";
  const isOver = run.state === "completed" || run.state === "cancelled";
  return (
    <RunFrame aside={<ReplayAside run={run} />}>
      <Head
        organization={organization}
        run={run}
        address={address}
        steer={steer}
        canReplay={canReplay}
        isCancelling={open === "cancel"}
        onCancel={() => setOpen("cancel")}
      />
      <div className={css.progress}>
        <RunProgress counts={run} words={replayWords} isHeld={held} isBig />
        <RunKeys counts={run} words={replayWords} isHeld={held} />
      </div>
      <RunPhases phases={replayPhases(run)} />
      <ReplayRates run={run} />
      <ReplayLanes organization={organization} run={run} canReplay={canReplay} />
      <ReplayFailures
        run={run}
        address={address}
        onPlan={canReplay && isOver && run.failed > 0 ? () => setOpen("plan") : null}
      />
      {open === "cancel" && (
        <CancelDialog left={remainingOf(run)} steer={steer} onClose={() => setOpen(null)} />
      )}
      {open === "plan" && (
        <ReplayPlanDialog
          organization={organization}
          filter={{ failedIn: run.id }}
          onClose={() => setOpen(null)}
          onStarted={(id) => {
            setOpen(null);
            address.go({ tab: "replays", replay: id });
          }}
        />
      )}
    </RunFrame>
  );
};

/** One run: progress by endpoint, failures and journal, with controls for those who may replay. */
export const ReplayRunView = (props: { organization: string; id: string; address: Address }) => {
  const { organization, id, address } = props;
  const query = useQuery(replayQuery(organization, id));
  if (query.error instanceof ApiError && query.error.code === "not_found") {
    return (
      <Empty title="Replay not found">
        Its retention has expired, or it belongs to another organization.
      </Empty>
    );
  }
  return (
    <Panel name="The replay" query={query} skeletonRows={10}>
      {(run) => <Run organization={organization} run={run} address={address} />}
    </Panel>
  );
};
