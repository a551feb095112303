import { useQuery } from "@tanstack/react-query";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { type ReplayDetail, type ReplayFilter, replayItemsMax } from "@wheelhouse/shared/webhooks/replays.ts";
import { type ReactNode, useId, useState } from "react";
import { formatCount, formatPlural, formatSpan } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Failure, Skeleton } from "#ui/page/panel.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { BreakerStatus } from "../deliveries/deliveries.ts";
import page from "../webhooks.module.css";
import { replayPlanQuery, useStartReplay } from "./queries.ts";
import css from "./replays.module.css";
import { asksCount, exclusionWords, leastSeconds } from "./view.ts";

const firstLimit = "50";
const deliveries = (count: number) => formatPlural(count, "delivery", "deliveries");

const Row = ({ label, children }: { label: ReactNode; children: ReactNode }) => (
  <div>
    <dt>{label}</dt>
    <dd>{children}</dd>
  </div>
);

/** What the snapshot includes and excludes, and how it will be sent. */
const Sums = ({ plan, rate }: { plan: ReplayDetail; rate: number | null }) => {
  const { matched, matchedIsBound, isCut, excluded, oldestAt, newestAt, canary } = plan.plan;
  const seconds = leastSeconds(plan.endpoints, rate);
  return (
    <div className={css.sums}>
      <dl>
        <Row label="Matching">
          {formatCount(matched)}
          {matchedIsBound && "+"}
        </Row>
        {excluded.map(({ why, count }) => (
          <Row key={why} label={exclusionWords[why]}>
            − {formatCount(count)}
          </Row>
        ))}
        {isCut && <Row label={`Over the limit of ${formatCount(replayItemsMax)} per plan`}>skipped</Row>}
        <div className={css.sum}>
          <dt>Will be sent, each once</dt>
          <dd>{formatCount(plan.total)}</dd>
        </div>
      </dl>
      <dl>
        <Row label="Oldest, newest">
          {oldestAt === null || newestAt === null ? (
            "–"
          ) : (
            <>
              <Age at={oldestAt} short />, <Age at={newestAt} short />
            </>
          )}
        </Row>
        <Row label="Canary">{canary} per endpoint</Row>
        <Row label="Then at most">{rate === null ? "no limit" : `${formatCount(rate)} /s per endpoint`}</Row>
        <div className={css.sum}>
          <dt>Minimum duration</dt>
          <dd>{seconds === null ? "–" : formatSpan(Math.ceil(seconds) * 1000)}</dd>
        </div>
      </dl>
    </div>
  );
};

const Receivers = ({ plan }: { plan: ReplayDetail }) => (
  <table className="tb compact">
    <caption className="vh">Deliveries per endpoint</caption>
    <thead>
      <tr>
        <th scope="col">Endpoint</th>
        <th scope="col">Breaker now</th>
        <th scope="col" className="lo">
          Events
        </th>
        <th scope="col" className="num">
          Deliveries
        </th>
      </tr>
    </thead>
    <tbody>
      {plan.endpoints.map(({ endpointId, name, breaker, eventTypes, total }) => (
        <tr key={endpointId}>
          <td>{name}</td>
          <td>
            <BreakerStatus state={breaker} inRow />
          </td>
          <td className="c2 lo">{eventTypes.join(", ")}</td>
          <td className="num">{formatCount(total)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

/** The strongest reasons not to send now. */
const Warning = ({ plan }: { plan: ReplayDetail }) => {
  const failing = plan.endpoints.filter(({ breaker }) => breaker === "open").map(({ name }) => name);
  const { maybeTwice } = plan.plan;
  if (failing.length > 0) {
    return (
      <Note tone="warn" title={`Still failing: ${failing.join(", ")}.`}>
        Endpoints with an open breaker are paused immediately, until you resume the run.
      </Note>
    );
  }
  if (maybeTwice > 0) {
    return (
      <Note tone="warn" title={`${formatCount(maybeTwice)} may arrive twice.`}>
        Their last request got no response, so the receiver may already have them.{" "}
        <span className="mono">webhook-id</span> stays the same, so receivers that deduplicate ignore the
        duplicate.
      </Note>
    );
  }
  return null;
};

/** A positive whole number; null for no limit, undefined for invalid input. */
const limitOf = (text: string): number | null | undefined => {
  if (text.trim() === "") return null;
  const value = Number(text);
  return Number.isInteger(value) && value >= 1 && value <= 10_000 ? value : undefined;
};

const Foot = (props: { plan: ReplayDetail; formId: string; canSend: boolean; onClose: () => void }) => {
  const { plan, formId, canSend, onClose } = props;
  return (
    <>
      <span className="c2 t12 grow">
        {plan.total > 0 && `Starts after ${plan.plan.holdMs / 1000} s. Sending cannot be undone.`}
      </span>
      <Button large onClick={onClose}>
        {plan.total === 0 ? "Close" : "Cancel"}
      </Button>
      {plan.total > 0 && (
        <Button large variant="primary" type="submit" form={formId} disabled={!canSend}>
          Replay {deliveries(plan.total)}
        </Button>
      )}
    </>
  );
};

const LimitField = (props: {
  limit: string;
  error: string | undefined;
  onLimit: (limit: string) => void;
}) => {
  const { limit, error, onLimit } = props;
  return (
    <FormField
      label="Limit per endpoint, per second"
      hint="Leave empty for no limit"
      error={limitOf(limit) === undefined ? "1 to 10,000, or empty" : error}
    >
      {(control) => (
        <input
          {...control}
          className="field"
          inputMode="numeric"
          value={limit}
          onChange={({ target }) => onLimit(target.value)}
        />
      )}
    </FormField>
  );
};

/** Large runs require typing the count, so that nobody overlooks how many it sends. */
const CountField = (props: { total: number; typed: string; onTyped: (typed: string) => void }) => {
  const { total, typed, onTyped } = props;
  return (
    <FormField
      label={
        <>
          Type <b>{total}</b> to confirm
        </>
      }
    >
      {(control) => (
        <input
          {...control}
          className="field"
          inputMode="numeric"
          autoComplete="off"
          value={typed}
          onChange={({ target }) => onTyped(target.value)}
        />
      )}
    </FormField>
  );
};

const titleOf = ({ total, endpoints }: ReplayDetail): string =>
  total === 0
    ? "Nothing to replay"
    : `Replay ${deliveries(total)} to ${formatPlural(endpoints.length, "endpoint")}`;

const Form = (props: {
  organization: string;
  plan: ReplayDetail;
  onClose: () => void;
  onStarted: (id: string) => void;
}) => {
  const { organization, plan, onClose, onStarted } = props;
  const formId = useId();
  const [reason, setReason] = useState("");
  const [limit, setLimit] = useState(firstLimit);
  const [typed, setTyped] = useState("");
  const start = useStartReplay(organization);
  const rate = limitOf(limit);
  const asks = asksCount(plan);
  const isReady =
    plan.total > 0 &&
    isReason(reason) &&
    rate !== undefined &&
    (!asks || typed.trim() === String(plan.total));
  const errors = fieldErrors(start.error);
  const send = () => {
    if (!isReady || start.isPending || rate === undefined) return;
    start.mutate(
      { planId: plan.id, reason: reason.trim(), ratePerSecond: rate },
      { onSuccess: ({ id }) => onStarted(id) },
    );
  };
  return (
    <Dialog
      title={titleOf(plan)}
      onClose={onClose}
      footer={<Foot plan={plan} formId={formId} canSend={isReady && !start.isPending} onClose={onClose} />}
    >
      <p className="c2">
        Dry run. Snapshot taken at <Time at={plan.plannedAt} />. Nothing has been sent.
      </p>
      <Sums plan={plan} rate={rate ?? null} />
      {plan.total > 0 && (
        <>
          <Receivers plan={plan} />
          <div className={page.dialogNote}>
            {start.error !== null && errors.size === 0 ? (
              <ActError title="Not started." error={start.error} />
            ) : (
              <Warning plan={plan} />
            )}
          </div>
          <form
            noValidate
            id={formId}
            className={css.form}
            onSubmit={(event) => {
              event.preventDefault();
              send();
            }}
          >
            <ReasonField reason={reason} error={errors.get("reason")} onChange={setReason} onSend={send} />
            <LimitField limit={limit} error={errors.get("ratePerSecond")} onLimit={setLimit} />
            {asks && <CountField total={plan.total} typed={typed} onTyped={setTyped} />}
          </form>
        </>
      )}
    </Dialog>
  );
};

/** Creates the plan, shows its snapshot, and starts it with a reason and a limit. */
export const ReplayPlanDialog = (props: {
  organization: string;
  filter: ReplayFilter;
  onClose: () => void;
  onStarted: (id: string) => void;
}) => {
  const { organization, filter, onClose, onStarted } = props;
  const plan = useQuery(replayPlanQuery(organization, filter));
  if (plan.data !== undefined)
    return <Form organization={organization} plan={plan.data} onClose={onClose} onStarted={onStarted} />;
  return (
    <Dialog title="Plan a replay" onClose={onClose}>
      {plan.error === null ? (
        <Skeleton label="the plan" rows={6} />
      ) : (
        <Failure name="The plan" error={plan.error} isFetching={plan.isFetching} onRetry={plan.refetch} />
      )}
    </Dialog>
  );
};
