import { useQuery } from "@tanstack/react-query";
import { type JobRunDetail, type JobRunFilter, jobRunItemsMax } from "@wheelhouse/shared/queues/runs.ts";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { type ReactNode, useId, useState } from "react";
import { formatCount, formatPercent, formatPlural, formatSpan } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Failure, Skeleton } from "#ui/page/panel.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { jobRunPlanQuery, useStartJobRun } from "./queries.ts";
import css from "./runs.module.css";
import { actWords, asksCount, exclusionWords, laneName, runTitle } from "./view.ts";

const firstLimit = "50";
const recentMs = 60_000;

const Row = ({ label, children }: { label: ReactNode; children: ReactNode }) => (
  <div>
    <dt>{label}</dt>
    <dd>{children}</dd>
  </div>
);

/** What the snapshot holds and leaves out, and how the run will go. */
const Sums = ({ plan, rate, canary }: { plan: JobRunDetail; rate: number | null; canary: number }) => {
  const { matched, isCut, excluded, oldestAt, newestAt, failedShareToHold } = plan.plan;
  const { done } = actWords[plan.act];
  return (
    <div className={css.sums}>
      <dl>
        <Row label="Matching">
          {formatCount(matched)}
          {isCut && "+"}
        </Row>
        {excluded.map(({ why, count }) => (
          <Row key={why} label={exclusionWords[why]}>
            − {formatCount(count)}
          </Row>
        ))}
        {isCut && <Row label={`Over the limit of ${formatCount(jobRunItemsMax)} per plan`}>left out</Row>}
        <div className={css.sum}>
          <dt>Will be {done}, each once</dt>
          <dd>{formatCount(plan.total)}</dd>
        </div>
      </dl>
      <dl>
        <Row label={plan.act === "retry" ? "Oldest, newest failure" : "Oldest, newest"}>
          {oldestAt === null || newestAt === null ? (
            "–"
          ) : (
            <>
              <Age at={oldestAt} short />, <Age at={newestAt} short />
            </>
          )}
        </Row>
        {plan.act === "retry" && <Row label="Canary first">{formatPlural(canary, "job")}</Row>}
        {failedShareToHold !== null && (
          <Row label="A cause is held">over {formatPercent(failedShareToHold)} failed again</Row>
        )}
        <div className={css.sum}>
          <dt>Expected duration</dt>
          <dd>{rate === null ? "–" : `about ${formatSpan(Math.ceil(plan.total / rate) * 1000)}`}</dd>
        </div>
      </dl>
    </div>
  );
};

const CauseRows = ({ plan }: { plan: JobRunDetail }) => (
  <table className="tb compact">
    <caption className="vh">Jobs by cause</caption>
    <thead>
      <tr>
        <th scope="col">{plan.act === "retry" ? "Cause" : "Job name"}</th>
        <th scope="col">Newest</th>
        <th scope="col" className="num">
          Jobs
        </th>
      </tr>
    </thead>
    <tbody>
      {plan.lanes.slice(0, 8).map((lane) => (
        <tr key={lane.laneId}>
          <td className="cut" title={laneName(lane)}>
            {laneName(lane)}
          </td>
          <td className="c2">{lane.newestAt === null ? "–" : <Age at={lane.newestAt} suffix="ago" />}</td>
          <td className="num">{formatCount(lane.total)}</td>
        </tr>
      ))}
      {plan.lanes.length > 8 && (
        <tr>
          <td className="c2" colSpan={2}>
            {formatPlural(plan.lanes.length - 8, "more cause")}
          </td>
          <td className="num c2">
            {formatCount(plan.lanes.slice(8).reduce((sum, { total }) => sum + total, 0))}
          </td>
        </tr>
      )}
    </tbody>
  </table>
);

/** The strongest reason to think twice. */
const Warning = ({ plan }: { plan: JobRunDetail }) => {
  if (plan.act === "remove") {
    return (
      <Note tone="warn" title="Removed jobs are gone.">
        Their data, logs and results cannot be brought back.
      </Note>
    );
  }
  const failing = plan.lanes.filter(
    ({ newestAt }) => newestAt !== null && Date.parse(plan.plannedAt) - Date.parse(newestAt) < recentMs,
  );
  if (plan.act !== "retry" || failing.length === 0) return null;
  return (
    <Note
      tone="warn"
      title={`Still failing: ${failing.map(({ error, jobName }) => error ?? jobName).join("; ")}.`}
    >
      Jobs of {failing.length === 1 ? "this cause" : "these causes"} failed within the last minute, so most of
      them may fail again. New failures stay out of this run.
    </Note>
  );
};

/** A whole number from `least`; null for an empty field, undefined for invalid input. */
const numberOf = (text: string, least: number, most: number): number | null | undefined => {
  if (text.trim() === "") return null;
  const value = Number(text);
  return Number.isInteger(value) && value >= least && value <= most ? value : undefined;
};

const NumberField = (props: {
  label: ReactNode;
  hint?: string;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}) => {
  const { label, hint, value, error, onChange } = props;
  return (
    <FormField label={label} {...(hint === undefined ? {} : { hint })} error={error}>
      {(control) => (
        <input
          {...control}
          className="field"
          inputMode="numeric"
          autoComplete="off"
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </FormField>
  );
};

const Foot = (props: { plan: JobRunDetail; formId: string; canStart: boolean; onClose: () => void }) => {
  const { plan, formId, canStart, onClose } = props;
  return (
    <>
      <span className="c2 t12 grow">
        {plan.total > 0 &&
          `Starts after ${plan.plan.holdMs / 1000} s. Can be paused and cancelled; what was done cannot be undone.`}
      </span>
      <Button large onClick={onClose}>
        {plan.total === 0 ? "Close" : "Cancel"}
      </Button>
      {plan.total > 0 && (
        <Button
          large
          variant={plan.act === "remove" ? "danger-solid" : "primary"}
          type="submit"
          form={formId}
          disabled={!canStart}
        >
          {actWords[plan.act].verb} {formatPlural(plan.total, "job")}
        </Button>
      )}
    </>
  );
};

/** What was typed and what it means; `input` is null until the run may be started with it. */
const useDraft = (plan: JobRunDetail) => {
  const [reason, setReason] = useState("");
  const [limit, setLimit] = useState(firstLimit);
  const [canaryText, setCanary] = useState(String(plan.plan.canary));
  const [typed, setTyped] = useState("");
  const rate = numberOf(limit, 1, 10_000);
  const canary = plan.act === "retry" ? (numberOf(canaryText, 0, 1_000) ?? undefined) : 0;
  const asks = asksCount(plan);
  const isReady = plan.total > 0 && isReason(reason) && (!asks || typed.trim() === String(plan.total));
  const input =
    isReady && rate !== undefined && canary !== undefined
      ? { planId: plan.id, reason: reason.trim(), ratePerSecond: rate, canary }
      : null;
  return {
    reason,
    setReason,
    limit,
    setLimit,
    canaryText,
    setCanary,
    typed,
    setTyped,
    rate,
    canary,
    asks,
    input,
  };
};

const Fields = (props: {
  plan: JobRunDetail;
  draft: ReturnType<typeof useDraft>;
  formId: string;
  errors: ReturnType<typeof fieldErrors>;
  onSend: () => void;
}) => {
  const { plan, draft, formId, errors, onSend } = props;
  return (
    <form
      noValidate
      id={formId}
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <ReasonField
        reason={draft.reason}
        error={errors.get("reason")}
        onChange={draft.setReason}
        onSend={onSend}
      />
      <NumberField
        label="Rate, per second"
        hint="Empty: no limit"
        value={draft.limit}
        error={draft.rate === undefined ? "1 to 10,000" : errors.get("ratePerSecond")}
        onChange={draft.setLimit}
      />
      {plan.act === "retry" && (
        <NumberField
          label="Canary, jobs"
          hint="0: without"
          value={draft.canaryText}
          error={draft.canary === undefined ? "0 to 1,000" : errors.get("canary")}
          onChange={draft.setCanary}
        />
      )}
      {draft.asks && (
        <NumberField
          label={
            <>
              Type <b>{plan.total}</b> to confirm
            </>
          }
          value={draft.typed}
          error={undefined}
          onChange={draft.setTyped}
        />
      )}
    </form>
  );
};

const Form = (props: {
  organization: string;
  plan: JobRunDetail;
  onClose: () => void;
  onStarted: (id: string) => void;
}) => {
  const { organization, plan, onClose, onStarted } = props;
  const formId = useId();
  const draft = useDraft(plan);
  const start = useStartJobRun(organization);
  const errors = fieldErrors(start.error);
  const canStart = draft.input !== null && !start.isPending;
  const send = () => {
    if (draft.input === null || start.isPending) return;
    start.mutate(draft.input, { onSuccess: ({ id }) => onStarted(id) });
  };
  return (
    <Dialog
      title={plan.total === 0 ? "No such jobs" : runTitle(plan)}
      onClose={onClose}
      footer={<Foot plan={plan} formId={formId} canStart={canStart} onClose={onClose} />}
    >
      <p className="c2">
        Dry run. Snapshot taken at <Time at={plan.plannedAt} />. Nothing has been {actWords[plan.act].done}.
        {plan.act === "retry" && " New failures stay out."}
      </p>
      <Sums plan={plan} rate={draft.rate ?? null} canary={draft.canary ?? 0} />
      {plan.total > 0 && (
        <>
          <CauseRows plan={plan} />
          <div className={css.note}>
            {start.error !== null && errors.size === 0 ? (
              <ActError title="Not started." error={start.error} />
            ) : (
              <Warning plan={plan} />
            )}
          </div>
          <Fields plan={plan} draft={draft} formId={formId} errors={errors} onSend={send} />
        </>
      )}
    </Dialog>
  );
};

/** Creates the plan, shows its snapshot, and starts it with a reason, a rate and a canary. */
export const JobRunPlanDialog = (props: {
  organization: string;
  filter: JobRunFilter;
  onClose: () => void;
  onStarted: (id: string) => void;
}) => {
  const { organization, filter, onClose, onStarted } = props;
  const plan = useQuery(jobRunPlanQuery(organization, filter));
  if (plan.data !== undefined)
    return <Form organization={organization} plan={plan.data} onClose={onClose} onStarted={onStarted} />;
  return (
    <Dialog title={`${actWords[filter.act].verb} jobs`} onClose={onClose}>
      {plan.error === null ? (
        <Skeleton label="the plan" rows={6} />
      ) : (
        <Failure name="The plan" error={plan.error} isFetching={plan.isFetching} onRetry={plan.refetch} />
      )}
    </Dialog>
  );
};
