import { useQuery } from "@tanstack/react-query";
import type { ReplayDetail } from "@wheelhouse/shared/webhooks/replays.ts";
import { useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPlural, formatRate, formatSpan } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Time } from "#ui/text/time.tsx";
import type { WebhooksSearch } from "../search.ts";
import { replayQuery, type Steering, useSteerReplay } from "./queries.ts";
import { ReplayAside, ReplayEndpoints, ReplayFailures } from "./replay-parts.tsx";
import { ReplayProgress } from "./replay-progress.tsx";
import css from "./replays.module.css";
import { remaining, replayVerdict } from "./view.ts";

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

const Figure = (props: { label: string; value: string; note?: string; isBad?: boolean }) => (
  <div className="stat">
    <div className="l">{props.label}</div>
    <div className={props.isBad === true ? "v tx-down" : "v"}>
      {props.value} {props.note !== undefined && <small>{props.note}</small>}
    </div>
  </div>
);

const Figures = ({ run }: { run: ReplayDetail }) => {
  const nowMs = useNow();
  const rates = run.endpoints.filter(({ phase }) => phase === "sending").map((lane) => lane.ratePerSecond);
  const rate = rates.includes(null) ? null : rates.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  const startMs = Date.parse(run.startsAt ?? run.plannedAt);
  const endMs = run.endedAt === null ? nowMs : Date.parse(run.endedAt);
  return (
    <div className={css.line}>
      <Figure label="Sent" value={formatCount(run.sent)} note={`of ${formatCount(run.total)}`} />
      <Figure label="Delivered" value={formatCount(run.succeeded)} />
      <Figure label="Failed, still dead letters" value={formatCount(run.failed)} isBad={run.failed > 0} />
      <Figure label="Skipped: already changed" value={formatCount(run.skipped)} />
      <Figure label="Remaining" value={formatCount(remaining(run))} />
      {run.state === "running" && (
        <Figure
          label="Current rate"
          value={rate === null ? "no limit" : formatRate(rate)}
          {...(rate === null ? {} : { note: "/s" })}
        />
      )}
      <Figure label="Elapsed" value={formatSpan(Math.max(0, endMs - startMs))} />
    </div>
  );
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

const Run = (props: { organization: string; run: ReplayDetail; address: Address }) => {
  const { organization, run, address } = props;
  const canReplay = useCan(organization, "webhooks:replay");
  const steer = useSteerReplay(organization, run.id);
  const [isCancelling, setIsCancelling] = useState(false);
  const left = remaining(run);
  return (
    <div className={css.layout}>
      <div>
        <section className={css.head}>
          <AddressLink className="link t12" address={address} to={{ tab: "replays" }}>
            All replay runs
          </AddressLink>
          <div className={css.line}>
            <h2 className="t20 b grow">{replayVerdict(run)}</h2>
            {canReplay && (
              <Acts
                run={run}
                isBusy={steer.isPending}
                onAct={steer.mutate}
                onCancel={() => setIsCancelling(true)}
              />
            )}
          </div>
          <Started run={run} />
          {steer.error !== null && !isCancelling && (
            <ActError title="The run was not changed." error={steer.error} />
          )}
          <Figures run={run} />
          <ReplayProgress run={run} isHeld={isHeld(run) || run.state === "paused"} />
        </section>
        <ReplayEndpoints run={run} />
        <ReplayFailures run={run} address={address} />
      </div>
      <ReplayAside run={run} />
      {isCancelling && (
        <ConfirmDialog
          title={`Cancel the remaining ${formatPlural(left, "delivery", "deliveries")}`}
          confirm={`Cancel ${formatPlural(left, "delivery", "deliveries")}`}
          dismiss="Keep running"
          foot="A cancelled run cannot be resumed."
          isDestructive
          isBusy={steer.isPending}
          error={steer.error}
          onConfirm={() => steer.mutate("cancel", { onSuccess: () => setIsCancelling(false) })}
          onClose={() => setIsCancelling(false)}
        >
          <p className="c2">
            Deliveries already sent are not affected. The others remain dead letters and can be replayed with
            another plan.
          </p>
        </ConfirmDialog>
      )}
    </div>
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
