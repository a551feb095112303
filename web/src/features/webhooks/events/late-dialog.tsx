import { useQuery } from "@tanstack/react-query";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { type LateFilter, type LatePlan, lateItemsMax } from "@wheelhouse/shared/webhooks/events.ts";
import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useId, useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Failure, Skeleton } from "#ui/page/panel.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import { urlText } from "../deliveries/deliveries.ts";
import { endpointsQuery } from "../queries.ts";
import css from "../webhooks.module.css";
import { latePlanQuery, lateProgressQuery, useCancelLate, useStartLate } from "./queries.ts";

const events = (count: number) => formatPlural(count, "event");
const firstRate = "50";

/** A positive whole number; null for no limit, undefined for invalid input. */
const rateOf = (text: string): number | null | undefined => {
  if (text.trim() === "") return null;
  const value = Number(text);
  return Number.isInteger(value) && value >= 1 && value <= 10_000 ? value : undefined;
};

const factsOf = (plan: LatePlan) => [
  {
    label: "Endpoint",
    value: (
      <>
        {plan.endpoint.name} <span className={`c3 ${css.wrap}`}>{urlText(plan.endpoint.url)}</span>
      </>
    ),
  },
  { label: "Will be sent, each once", value: <b>{events(plan.total)}</b> },
  {
    label: "Left out",
    value: `${formatCount(plan.excluded.delivered)} have a delivery to it, ${formatCount(plan.excluded.payloadGone)} have no payload`,
  },
  {
    label: "Received",
    value:
      plan.oldestAt === null || plan.newestAt === null ? (
        "–"
      ) : (
        <>
          <Time at={plan.oldestAt} full /> to <Time at={plan.newestAt} full />
        </>
      ),
  },
];

const Warning = ({ plan }: { plan: LatePlan }) => {
  if (!plan.endpoint.enabled)
    return (
      <Note tone="warn" title="The endpoint is disabled.">
        Enable it first; the plan can be started for 15 minutes.
      </Note>
    );
  if (plan.isCut)
    return (
      <Note tone="warn" title={`More than ${formatCount(lateItemsMax)} events match.`}>
        The newest are in this plan. Deliver the others with another one afterwards.
      </Note>
    );
  return null;
};

const Started = (props: { organization: string; plan: LatePlan; onClose: () => void }) => {
  const { organization, onClose } = props;
  const plan = useQuery(lateProgressQuery(organization, props.plan.id)).data ?? props.plan;
  const cancel = useCancelLate(organization);
  const { pending, processing, completed, failed, dead_letter: dead, discarded } = plan.deliveries;
  const waiting = pending + processing + failed;
  return (
    <Dialog
      title={`Delivering ${events(plan.total)} to ${plan.endpoint.name}`}
      onClose={onClose}
      footer={
        <>
          <span className="c2 t12 grow">
            They are deliveries like any other, in the log of this endpoint.
          </span>
          {pending > 0 && plan.state === "started" && (
            <Button large onClick={() => cancel.mutate(plan.id)} disabled={cancel.isPending}>
              Cancel {formatCount(pending)} not sent
            </Button>
          )}
          <Button large variant="primary" onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      <div role="status">
        <Facts
          facts={[
            { label: "Delivered", value: formatCount(completed) },
            { label: "On their way", value: formatCount(waiting) },
            { label: "Dead letters", value: formatCount(dead) },
            { label: "Discarded", value: formatCount(discarded) },
          ]}
        />
      </div>
      {cancel.error !== null && <ActError title="Not cancelled." error={cancel.error} />}
    </Dialog>
  );
};

const PlanFoot = (props: { plan: LatePlan; formId: string; isReady: boolean; onClose: () => void }) => {
  const { plan, formId, isReady, onClose } = props;
  return (
    <>
      <span className="c2 t12 grow">
        {plan.total > 0 && "Starts after a pause of some seconds. What was sent cannot be taken back."}
      </span>
      <Button large onClick={onClose}>
        {plan.total === 0 ? "Close" : "Cancel"}
      </Button>
      {plan.total > 0 && (
        <Button large variant="primary" type="submit" form={formId} disabled={!isReady}>
          Deliver {events(plan.total)}
        </Button>
      )}
    </>
  );
};

const RateField = (props: { limit: string; error: string | undefined; onLimit: (limit: string) => void }) => (
  <FormField
    label="Limit per second"
    hint="Leave empty for no limit"
    error={rateOf(props.limit) === undefined ? "1 to 10,000, or empty" : props.error}
  >
    {(control) => (
      <input
        {...control}
        className="field"
        inputMode="numeric"
        value={props.limit}
        onChange={({ target }) => props.onLimit(target.value)}
      />
    )}
  </FormField>
);

const Plan = (props: { organization: string; plan: LatePlan; onClose: () => void }) => {
  const { organization, plan, onClose } = props;
  const formId = useId();
  const [reason, setReason] = useState("");
  const [limit, setLimit] = useState(firstRate);
  const start = useStartLate(organization);
  const rate = rateOf(limit);
  const errors = fieldErrors(start.error);
  const isReady = plan.total > 0 && isReason(reason) && rate !== undefined && !start.isPending;
  const send = () => {
    if (isReady && rate !== undefined)
      start.mutate({ id: plan.id, reason: reason.trim(), ratePerSecond: rate });
  };
  if (start.data !== undefined)
    return <Started organization={organization} plan={start.data} onClose={onClose} />;
  return (
    <Dialog
      title={
        plan.total === 0 ? "Nothing to deliver" : `Deliver ${events(plan.total)} to ${plan.endpoint.name}`
      }
      onClose={onClose}
      footer={<PlanFoot plan={plan} formId={formId} isReady={isReady} onClose={onClose} />}
    >
      <Facts facts={factsOf(plan)} />
      <div className={css.dialogNote}>
        {start.error !== null && errors.size === 0 ? (
          <ActError title="Not started." error={start.error} />
        ) : (
          <Warning plan={plan} />
        )}
      </div>
      {plan.total > 0 && (
        <form
          noValidate
          id={formId}
          className={css.lateForm}
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <ReasonField reason={reason} error={errors.get("reason")} onChange={setReason} onSend={send} />
          <RateField limit={limit} error={errors.get("ratePerSecond")} onLimit={setLimit} />
        </form>
      )}
    </Dialog>
  );
};

const Planned = (props: {
  organization: string;
  endpointId: string;
  filter: LateFilter;
  onClose: () => void;
}) => {
  const { organization, endpointId, filter, onClose } = props;
  const plan = useQuery(latePlanQuery(organization, { endpointId, filter }));
  if (plan.data !== undefined) return <Plan organization={organization} plan={plan.data} onClose={onClose} />;
  return (
    <Dialog title="Plan a delivery" onClose={onClose}>
      {plan.error === null ? (
        <Skeleton label="the plan" rows={4} />
      ) : (
        <Failure name="The plan" error={plan.error} isFetching={plan.isFetching} onRetry={plan.refetch} />
      )}
    </Dialog>
  );
};

const Choose = (props: {
  endpoints: readonly WebhookEndpoint[];
  title: string;
  onChoose: (id: string) => void;
  onClose: () => void;
}) => {
  const { endpoints, title, onChoose, onClose } = props;
  const [chosen, setChosen] = useState<string | null>(null);
  const id = chosen ?? endpoints.find(({ enabled }) => enabled)?.id ?? endpoints[0]?.id;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span className="c2 t12 grow">Nothing is sent yet. Its filter is not applied.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button
            large
            variant="primary"
            disabled={id === undefined}
            onClick={() => id !== undefined && onChoose(id)}
          >
            Count the events
          </Button>
        </>
      }
    >
      {endpoints.length === 0 ? (
        <p className="c2">There is no endpoint. Create one first.</p>
      ) : (
        <FormField label="Endpoint">
          {(control) => (
            <Select
              {...control}
              className="field"
              value={id}
              onChange={({ target }) => setChosen(target.value)}
            >
              {endpoints.map((endpoint) => (
                <option key={endpoint.id} value={endpoint.id}>
                  {endpoint.name}
                  {endpoint.enabled ? "" : " (disabled)"}
                </option>
              ))}
            </Select>
          )}
        </FormField>
      )}
    </Dialog>
  );
};

/** Delivers past events: choose the endpoint (unless it is given), look at the plan, start it, follow it. */
export const LateDialog = (props: {
  organization: string;
  title: string;
  filter: LateFilter;
  endpointId?: string | undefined;
  onClose: () => void;
}) => {
  const { organization, title, filter, onClose } = props;
  const [endpointId, setEndpointId] = useState(props.endpointId);
  const endpoints = useQuery(endpointsQuery(organization));
  if (endpointId !== undefined)
    return <Planned organization={organization} endpointId={endpointId} filter={filter} onClose={onClose} />;
  return (
    <Choose
      title={title}
      endpoints={endpoints.data?.items ?? []}
      onChoose={setEndpointId}
      onClose={onClose}
    />
  );
};
