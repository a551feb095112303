import { isReason } from "@wheelhouse/shared/reason.ts";
import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { BreakerStatus } from "../deliveries/deliveries.ts";
import css from "./endpoint.module.css";
import { type BreakerAct, useBreakerAct } from "./queries.ts";

const words: Record<BreakerAct, { title: string; confirm: string; foot: string }> = {
  reset: {
    title: "Reset the breaker of",
    confirm: "Reset breaker",
    foot: "It opens again after its number of failures.",
  },
  probe: {
    title: "Probe",
    confirm: "Probe now",
    foot: "The next delivery is the probe; the breaker closes if it succeeds.",
  },
};

const BreakerDialog = (props: {
  organization: string;
  endpoint: WebhookEndpoint;
  act: BreakerAct;
  onClose: () => void;
}) => {
  const { organization, endpoint, act, onClose } = props;
  const [reason, setReason] = useState("");
  const mutation = useBreakerAct(organization, endpoint.id, act);
  const send = () => {
    if (isReason(reason) && !mutation.isPending) mutation.mutate(reason.trim(), { onSuccess: onClose });
  };
  const { title, confirm, foot } = words[act];
  return (
    <FormDialog
      title={`${title} ${endpoint.name}`}
      confirm={confirm}
      foot={foot}
      failure="The breaker was not changed."
      fields={["reason"]}
      error={mutation.error}
      isReady={isReason(reason)}
      isBusy={mutation.isPending}
      onSubmit={send}
      onClose={onClose}
    >
      {(complaint) => (
        <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={send} />
      )}
    </FormDialog>
  );
};

/** State of the breaker, and acts on it for those who may. */
export const Breaker = (props: { organization: string; endpoint: WebhookEndpoint; mayAct: boolean }) => {
  const { organization, endpoint, mayAct } = props;
  const [act, setAct] = useState<BreakerAct | null>(null);
  const { state, since, nextProbeAt, consecutiveFailures } = endpoint.breaker;
  return (
    <section className={css.section} aria-label="Breaker">
      <h3 className="h">Breaker</h3>
      <div className={css.line}>
        <BreakerStatus state={state} />
        <span className={`c2 t12 ${css.said}`}>
          {state !== "closed" && since !== null && (
            <>
              for <Age at={since} short />
            </>
          )}
          {nextProbeAt !== null && (
            <>
              , next probe <Time at={nextProbeAt} />
            </>
          )}
          {state === "closed" &&
            (consecutiveFailures === 0
              ? "no consecutive failures"
              : formatPlural(consecutiveFailures, "consecutive failure"))}
        </span>
        <span className={css.acts}>
          {mayAct && state === "open" && <Button onClick={() => setAct("probe")}>Probe now…</Button>}
          {mayAct && (state !== "closed" || consecutiveFailures > 0) && (
            <Button onClick={() => setAct("reset")}>Reset…</Button>
          )}
        </span>
      </div>
      {act !== null && (
        <BreakerDialog
          organization={organization}
          endpoint={endpoint}
          act={act}
          onClose={() => setAct(null)}
        />
      )}
    </section>
  );
};
