import { isReason } from "@wheelhouse/shared/reason.ts";
import type { Delivery, DeliveryDetail } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { Suspense, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { onDemand } from "#lib/on-demand.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { DiscardDialog, useCancelRetries, useRetryNow } from "../causes/causes.ts";

const ResendDialog = onDemand(async () => ({
  default: (await import("./resend-dialog.tsx")).ResendDialog,
}));

const SkipDialog = onDemand(async () => ({ default: (await import("./skip-dialog.tsx")).SkipDialog }));

type Props = {
  organization: string;
  delivery: Delivery;
  /** Of its key; null while it is loading, too. */
  order: DeliveryDetail["order"];
};

const CancelDialog = (props: Omit<Props, "order"> & { onClose: () => void }) => {
  const { organization, delivery, onClose } = props;
  const [reason, setReason] = useState("");
  const cancel = useCancelRetries(organization);
  const errors = fieldErrors(cancel.error);
  const send = () => {
    if (isReason(reason) && !cancel.isPending)
      cancel.mutate({ id: delivery.id, reason: reason.trim() }, { onSuccess: onClose });
  };
  return (
    <Dialog
      title={`Cancel retries of ${delivery.eventType} to ${delivery.endpointName}`}
      onClose={onClose}
      footer={
        <>
          <span className="c2 t12 grow">It can be replayed until it expires.</span>
          <Button large onClick={onClose}>
            Keep retrying
          </Button>
          <Button
            large
            variant="danger-solid"
            disabled={!isReason(reason) || cancel.isPending}
            onClick={send}
          >
            Cancel retries
          </Button>
        </>
      }
    >
      {cancel.error !== null && errors.size === 0 && <ActError title="Not cancelled." error={cancel.error} />}
      <ReasonField reason={reason} error={errors.get("reason")} onChange={setReason} onSend={send} />
    </Dialog>
  );
};

/** Acts besides replay, by what the delivery is waiting for. */
export const DeliveryActs = ({ organization, delivery, order }: Props) => {
  const [asked, setAsked] = useState<"discard" | "cancel" | "resend" | "skip" | null>(null);
  const retry = useRetryNow(organization);
  const { status } = delivery;
  const holds = order === null || order.blockedBy !== null ? 0 : order.waiting;
  const mayResend = useCan(organization, "webhooks:resend");
  return (
    <>
      {status === "failed" && (
        <Button disabled={retry.isPending} onClick={() => retry.mutate(delivery.id)}>
          Retry now
        </Button>
      )}
      {(status === "failed" || status === "pending") && (
        <Button onClick={() => setAsked("cancel")}>Cancel retries…</Button>
      )}
      {status === "dead_letter" && <Button onClick={() => setAsked("discard")}>Discard…</Button>}
      {holds > 0 && status !== "processing" && (
        <Button onClick={() => setAsked("skip")}>Skip for its key…</Button>
      )}
      {status === "completed" && mayResend && <Button onClick={() => setAsked("resend")}>Send again…</Button>}
      {retry.error !== null && (
        <span role="alert" className="tx-down t12">
          {retry.error.message}
        </span>
      )}
      {asked === "skip" && (
        <Suspense>
          <SkipDialog
            organization={organization}
            delivery={delivery}
            waiting={holds}
            onClose={() => setAsked(null)}
          />
        </Suspense>
      )}
      {asked === "resend" && (
        <Suspense>
          <ResendDialog organization={organization} delivery={delivery} onClose={() => setAsked(null)} />
        </Suspense>
      )}
      {asked === "cancel" && (
        <CancelDialog organization={organization} delivery={delivery} onClose={() => setAsked(null)} />
      )}
      {asked === "discard" && (
        <Suspense>
          <DiscardDialog
            organization={organization}
            filter={{ ids: [delivery.id] }}
            count={1}
            onClose={() => setAsked(null)}
          />
        </Suspense>
      )}
    </>
  );
};
