import { isReason } from "@wheelhouse/shared/reason.ts";
import type { WebhookEventDetail } from "@wheelhouse/shared/webhooks/events.ts";
import { useState } from "react";
import { formatBytes } from "#lib/format.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { CodeBlock, CopyButton, prettyJson } from "#ui/text/code-block.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "../webhooks.module.css";
import { useExpunge, useReveal } from "./queries.ts";

type Props = { organization: string; event: WebhookEventDetail; onClose: () => void };

/** Bytes as text: what is no UTF-8 becomes a replacement sign, and nothing is ever markup. */
const textOf = (base64: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));

/** Shows the payload in full after a reason was given; the trail keeps both. */
export const RevealDialog = ({ organization, event, onClose }: Props) => {
  const reveal = useReveal(organization);
  const [reason, setReason] = useState("");
  const send = () => {
    if (isReason(reason)) reveal.mutate({ id: event.id, reason: reason.trim() });
  };
  if (reveal.data !== undefined) {
    const text = textOf(reveal.data.body);
    return (
      <Dialog
        title={`Payload of ${event.eventType}`}
        onClose={onClose}
        footer={
          <>
            <span className="c3 t12 grow">
              {formatBytes(reveal.data.sizeBytes)}
              {reveal.data.truncated && ", truncated at 1 MiB"}
            </span>
            <CopyButton text={text} label="Copy payload" />
            <Button large variant="primary" onClick={onClose}>
              Done
            </Button>
          </>
        }
      >
        <CodeBlock label="Payload in full" text={prettyJson(text)} />
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={`Show the whole payload of ${event.eventType}`}
      confirm="Show payload"
      foot="The audit trail keeps who saw it and why."
      failure="The payload was not shown."
      fields={["reason"]}
      error={reveal.error}
      isReady={isReason(reason)}
      isBusy={reveal.isPending}
      onSubmit={send}
      onClose={onClose}
    >
      {(complaint) => (
        <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={send} />
      )}
    </FormDialog>
  );
};

/** Removes payload and headers of one event for good. */
export const ExpungeDialog = ({ organization, event, onClose }: Props) => {
  const expunge = useExpunge(organization);
  const [reason, setReason] = useState("");
  const send = () => {
    if (isReason(reason)) expunge.mutate({ id: event.id, reason: reason.trim() }, { onSuccess: onClose });
  };
  return (
    <ConfirmDialog
      title={`Remove the payload of ${event.eventType}`}
      confirm="Remove payload"
      foot="This cannot be undone."
      isDestructive
      isBusy={expunge.isPending || !isReason(reason)}
      error={expunge.error}
      onConfirm={send}
      onClose={onClose}
    >
      <Facts
        facts={[
          { label: "Sender's id", value: <span className="mono">{event.sourceEventId}</span> },
          { label: "Received", value: <Time at={event.receivedAt} full /> },
          {
            label: "Effect",
            value: "payload and headers are gone; deliveries that were not sent yet are discarded",
          },
        ]}
      />
      <ReasonField reason={reason} error={undefined} onChange={setReason} onSend={send} />
    </ConfirmDialog>
  );
};

const stateWords: Record<Exclude<WebhookEventDetail["payload"]["state"], "shown" | "expunged">, string> = {
  hidden: "You don't have access to payloads. Ask an admin for “Read payloads of webhooks”.",
  gone: "The payload cannot be read: the key of this installation was changed.",
};

/** The redacted payload, or why it is not shown. All of it is untrusted and shown as plain text. */
export const Payload = (props: { event: WebhookEventDetail; onReveal: () => void }) => {
  const { payload, contentType } = props.event;
  const { state, sizeBytes, truncated, redacted } = payload;
  const facts = [
    ...(sizeBytes === null ? [] : [formatBytes(sizeBytes)]),
    ...(truncated ? ["truncated at 64 KiB"] : []),
    ...(redacted.length > 0 ? [`${redacted.join(", ")} redacted`] : []),
  ];
  return (
    <section className={css.section} aria-label="Payload">
      <div className="sec-h">
        <h3 className="h">Payload</h3>
        <span className="c3 t12 grow">{facts.join(", ")}</span>
        {state === "shown" && (
          <>
            <CopyButton text={payload.body} />
            <Button variant="ghost" onClick={props.onReveal}>
              Show in full…
            </Button>
          </>
        )}
      </div>
      {state === "shown" ? (
        <CodeBlock
          label="Payload, redacted"
          head={[{ name: "content-type", value: contentType }]}
          text={prettyJson(payload.body)}
        />
      ) : (
        <p className="c2">
          {state === "expunged" ? (
            <>Removed {payload.expungedAt !== null && <Time at={payload.expungedAt} full />}</>
          ) : (
            stateWords[state]
          )}
        </p>
      )}
    </section>
  );
};
