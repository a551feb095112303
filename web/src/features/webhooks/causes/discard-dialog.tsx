import { isReason } from "@wheelhouse/shared/reason.ts";
import type { ReplayFilter } from "@wheelhouse/shared/webhooks/replays.ts";
import { useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { useDiscard } from "./queries.ts";

/** More than these are confirmed by typing their number. */
const typedAbove = 20;

/** Asks for a reason, and for many their number, and discards dead letters. */
export const DiscardDialog = (props: {
  organization: string;
  filter: ReplayFilter;
  count: number;
  onClose: () => void;
}) => {
  const { organization, filter, count, onClose } = props;
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const discard = useDiscard(organization);
  const errors = fieldErrors(discard.error);
  const asks = count > typedAbove;
  const isReady = isReason(reason) && (!asks || typed.trim() === String(count)) && !discard.isPending;
  const send = () => {
    if (isReady) discard.mutate({ filter, reason: reason.trim(), expected: count }, { onSuccess: onClose });
  };
  return (
    <Dialog
      title={`Discard ${formatPlural(count, "dead letter")}`}
      onClose={onClose}
      footer={
        <>
          <span className="c2 t12 grow">They can be replayed until they expire.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button large variant="danger-solid" disabled={!isReady} onClick={send}>
            Discard {formatPlural(count, "dead letter")}
          </Button>
        </>
      }
    >
      <p className="c2">
        {count === 1 ? "It no longer waits" : `All ${formatCount(count)} no longer wait`} for replay and no
        longer count as a problem.
      </p>
      {discard.error !== null && errors.size === 0 && (
        <ActError title="Not discarded." error={discard.error} />
      )}
      <ReasonField reason={reason} error={errors.get("reason")} onChange={setReason} onSend={send} />
      {asks && (
        <FormField
          label={
            <>
              Type <b>{count}</b> to confirm
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
              onChange={({ target }) => setTyped(target.value)}
            />
          )}
        </FormField>
      )}
    </Dialog>
  );
};
