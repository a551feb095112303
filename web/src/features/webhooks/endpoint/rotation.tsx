import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { ShownOnce } from "#ui/dialog/shown-once.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Time } from "#ui/text/time.tsx";
import { OverlapField } from "../secrets/secrets.ts";
import css from "./endpoint.module.css";
import { useEndOverlap, useRotateEndpoint } from "./queries.ts";

type Props = { organization: string; endpoint: WebhookEndpoint };
type DialogProps = Props & { onClose: () => void };

const Rotated = (props: { endpoint: WebhookEndpoint & { secret: string }; onClose: () => void }) => {
  const { name, secret, previousSecretUntil: until } = props.endpoint;
  return (
    <ShownOnce
      title={`New secret of ${name}`}
      text={secret}
      copy="Copy secret"
      facts={[
        {
          label: "Former secret",
          value: until === null ? "no longer signs" : <>also signs until {<Time at={until} full />}</>,
        },
      ]}
      note="Set it at the receiver now."
      onClose={props.onClose}
    >
      It will not be shown again, except for its last 4 characters.
    </ShownOnce>
  );
};

/** Gives an endpoint a new signing secret, then shows it once. */
const RotateDialog = ({ organization, endpoint, onClose }: DialogProps) => {
  const rotate = useRotateEndpoint(organization, endpoint.id);
  const [secret, setSecret] = useState("");
  const [overlapHours, setOverlapHours] = useState(24);
  // The version that the person saw; the drawer reads newer ones meanwhile.
  const [{ version, previousSecretUntil }] = useState(endpoint);
  if (rotate.data !== undefined) return <Rotated endpoint={rotate.data} onClose={onClose} />;
  return (
    <FormDialog
      title={`Rotate the secret of ${endpoint.name}`}
      confirm="Rotate secret"
      foot={previousSecretUntil === null ? undefined : "The secret before the last ends at once."}
      failure="The secret was not changed."
      fields={["secret", "overlapHours"]}
      error={rotate.error}
      isReady
      isBusy={rotate.isPending}
      onSubmit={() =>
        rotate.mutate({
          version,
          overlapHours,
          ...(secret.trim() === "" ? {} : { secret: secret.trim() }),
        })
      }
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <TextField
            label="Signing secret"
            hint="Leave empty to generate one (shown once)"
            error={complaint("secret")}
            isMono
            isSecret
            maxLength={200}
            placeholder="whsec_…"
            value={secret}
            onChange={setSecret}
          />
          <OverlapField
            label="Overlap"
            hint="Meanwhile deliveries carry both signatures, so the receiver may know either secret"
            none="only the new one signs"
            hours={overlapHours}
            error={complaint("overlapHours")}
            onHours={setOverlapHours}
          />
        </>
      )}
    </FormDialog>
  );
};

const EndOverlapDialog = ({ organization, endpoint, onClose }: DialogProps) => {
  const end = useEndOverlap(organization, endpoint.id);
  const [{ version }] = useState(endpoint);
  return (
    <ConfirmDialog
      title={`End the overlap of ${endpoint.name}`}
      confirm="End overlap"
      foot="The former secret cannot be brought back."
      isBusy={end.isPending}
      error={end.error}
      onConfirm={() => end.mutate(version, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>
        Deliveries carry the new signature only. A receiver that still verifies with the former secret refuses
        them.
      </p>
    </ConfirmDialog>
  );
};

/** Which secrets sign deliveries, and their rotation for those who may. */
export const Rotation = ({ organization, endpoint, mayAct }: Props & { mayAct: boolean }) => {
  const [open, setOpen] = useState<"rotate" | "end" | null>(null);
  const { secretHint, previousSecretUntil: until } = endpoint;
  const close = () => setOpen(null);
  return (
    <section className={css.section} aria-label="Signing secret">
      <h3 className="h">Signing secret</h3>
      <div className={css.line}>
        <span className={`${css.stack} ${css.said}`}>
          <span className="mono">whsec_···· {secretHint}</span>
          <small className="c3 t12">
            {until === null ? (
              "signs every delivery"
            ) : (
              <>
                and the former one: both sign until <Time at={until} full />
              </>
            )}
          </small>
        </span>
        <span className={css.acts}>
          {mayAct && until !== null && <Button onClick={() => setOpen("end")}>End overlap…</Button>}
          {mayAct && <Button onClick={() => setOpen("rotate")}>Rotate…</Button>}
        </span>
      </div>
      {open === "rotate" && <RotateDialog organization={organization} endpoint={endpoint} onClose={close} />}
      {open === "end" && <EndOverlapDialog organization={organization} endpoint={endpoint} onClose={close} />}
    </section>
  );
};
