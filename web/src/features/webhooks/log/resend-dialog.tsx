import { useMutation, useQueryClient } from "@tanstack/react-query";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { resendDeliveries } from "@wheelhouse/shared/webhooks/resend.ts";
import type { Delivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Note } from "#ui/page/note.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "../webhooks.module.css";

type Props = {
  organization: string;
  delivery: Pick<
    Delivery,
    "id" | "generation" | "eventId" | "eventType" | "endpointName" | "completedAt" | "lastStatusCode"
  >;
  onClose: () => void;
};

/** Sends a delivery once more that its receiver has confirmed. */
export const ResendDialog = ({ organization, delivery, onClose }: Props) => {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const { id, generation, eventId, eventType, endpointName, completedAt, lastStatusCode } = delivery;
  const resend = useMutation({
    mutationFn: () =>
      call(
        resendDeliveries,
        { body: { deliveries: [{ id, generation }], reason: reason.trim() } },
        { organization },
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ["webhooks", organization] }),
  });
  const send = () => {
    if (isReason(reason) && !resend.isPending) resend.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <FormDialog
      title={`Send ${eventType} to ${endpointName} again`}
      confirm="Send again"
      foot="Sending cannot be undone."
      failure="It was not sent again."
      fields={["reason"]}
      error={resend.error}
      isReady={isReason(reason)}
      isBusy={resend.isPending}
      onSubmit={send}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <Facts
            facts={[
              {
                label: "Delivered",
                value: (
                  <>
                    {completedAt !== null && <Time at={completedAt} full />}
                    {lastStatusCode !== null && `, the receiver answered ${lastStatusCode}`}
                  </>
                ),
              },
              { label: "webhook-id", value: <span className="mono">{eventId}</span> },
            ]}
          />
          <div className={css.dialogNote}>
            <Note tone="warn" title="The receiver has confirmed this event.">
              It gets it a second time. Unless it ignores a known webhook-id, it acts twice: a second charge,
              a second parcel, a second mail.
            </Note>
          </div>
          <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={send} />
        </>
      )}
    </FormDialog>
  );
};
