import { useMutation, useQueryClient } from "@tanstack/react-query";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { skipDelivery } from "@wheelhouse/shared/webhooks/ordering.ts";
import type { Delivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import { formatPlural } from "#lib/format.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";

/** Lets those that wait for a delivery of the same key go on without it. */
export const SkipDialog = (props: {
  organization: string;
  delivery: Pick<Delivery, "id" | "eventType" | "endpointName" | "status">;
  waiting: number;
  onClose: () => void;
}) => {
  const { organization, delivery, waiting, onClose } = props;
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const skip = useMutation({
    mutationFn: () =>
      call(skipDelivery, { params: { id: delivery.id }, body: { reason: reason.trim() } }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: ["webhooks", organization] }),
  });
  const send = () => {
    if (isReason(reason) && !skip.isPending) skip.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <FormDialog
      title={`Skip ${delivery.eventType} to ${delivery.endpointName}`}
      confirm={`Skip it, let ${formatPlural(waiting, "delivery", "deliveries")} go`}
      foot="If it is delivered later, it arrives out of order."
      failure="It was not skipped."
      fields={["reason"]}
      error={skip.error}
      isReady={isReason(reason)}
      isBusy={skip.isPending}
      onSubmit={send}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <p>
            {delivery.status === "dead_letter"
              ? "It stays a dead letter, which can be replayed."
              : "Its remaining attempts are cancelled: it is discarded, and can be replayed."}
          </p>
          <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={send} />
        </>
      )}
    </FormDialog>
  );
};
