import { isReason } from "@wheelhouse/shared/reason.ts";
import type { DeliveryDetail } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { BreakerStatus, isReplayable, lastAnswer, statusWords, urlText } from "../deliveries/deliveries.ts";
import { useReplay } from "../queries.ts";
import css from "../webhooks.module.css";

/** The strongest reason not to send now. */
const Warning = ({ detail }: { detail: DeliveryDetail }) => {
  const { endpoint } = detail;
  if (!endpoint.enabled) {
    return (
      <Note tone="warn" title="The endpoint is disabled.">
        Enable it first; otherwise nothing is sent.
      </Note>
    );
  }
  if (endpoint.breaker.state === "open") {
    return (
      <Note tone="warn" title="The receiver is still failing.">
        Its breaker is open: the attempt waits for the next probe and does not count.
      </Note>
    );
  }
  if (detail.attemptLog.some(({ outcome }) => outcome === "unknown")) {
    return (
      <Note tone="warn" title="The event may arrive twice.">
        At least one attempt has an unknown outcome, so the receiver may already have the event.
      </Note>
    );
  }
  return null;
};

const factsOf = (detail: DeliveryDetail) => [
  {
    label: "Endpoint",
    value: (
      <>
        {detail.endpointName} <span className={`c3 ${css.wrap}`}>{urlText(detail.endpointUrl)}</span>
      </>
    ),
  },
  {
    label: "Breaker now",
    value: detail.endpoint.enabled ? <BreakerStatus state={detail.endpoint.breaker.state} /> : "Disabled",
  },
  {
    label: "Status",
    value: `${statusWords[detail.status]}, ${detail.attempts} of ${detail.maxAttempts} attempts${
      lastAnswer(detail) === undefined ? "" : `, last response ${lastAnswer(detail)}`
    }`,
  },
  { label: "webhook-id", value: <span className="mono">{detail.eventId}</span> },
];

/** Asks for a reason and replays one dead letter. It closes once the server has accepted the replay. */
export const ReplayDialog = (props: {
  organization: string;
  detail: DeliveryDetail;
  onClose: () => void;
}) => {
  const { organization, detail, onClose } = props;
  const [reason, setReason] = useState("");
  const replay = useReplay(organization);
  const canSend = isReplayable(detail.status);
  const conflict = replay.error instanceof ApiError && replay.error.code === "conflict";
  const errors = fieldErrors(replay.error);
  const send = () => {
    if (!isReason(reason) || replay.isPending || !canSend) return;
    replay.mutate({ id: detail.id, reason: reason.trim(), version: detail.version }, { onSuccess: onClose });
  };
  return (
    <Dialog
      title={`Replay ${detail.eventType} to ${detail.endpointName}`}
      onClose={onClose}
      footer={
        <>
          <span className="c2 t12 grow">
            {canSend && (
              <>
                The same <span className="mono">webhook-id</span> is sent. Sending cannot be undone.
              </>
            )}
          </span>
          <Button large onClick={onClose}>
            {canSend ? "Cancel" : "Close"}
          </Button>
          {canSend && (
            <Button large variant="primary" disabled={!isReason(reason) || replay.isPending} onClick={send}>
              Replay delivery
            </Button>
          )}
        </>
      }
    >
      <Facts facts={factsOf(detail)} />
      <div className={css.dialogNote}>
        {conflict ? (
          <div role="alert">
            <Note tone="bad" title="Not replayed: someone else changed it first.">
              {replay.error?.message} The current state is shown above.
            </Note>
          </div>
        ) : replay.error !== null && errors.size === 0 ? (
          <ActError title="Not replayed." error={replay.error} />
        ) : (
          canSend && <Warning detail={detail} />
        )}
      </div>
      {canSend && (
        <ReasonField reason={reason} error={errors.get("reason")} onChange={setReason} onSend={send} />
      )}
    </Dialog>
  );
};
