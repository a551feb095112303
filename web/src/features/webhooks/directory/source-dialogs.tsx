import type { WebhookSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { useState } from "react";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import { useDeleteSource, useRotateSource, useUpdateSource } from "../queries.ts";
import { OverlapField } from "../secrets/secrets.ts";
import { SecretOnce } from "./secret-once.tsx";
import { SettingFields, settingFields, useSettings } from "./source-fields.tsx";
import { schemeWords, secretHintOf, secretWord } from "./source-words.ts";

type Props = { organization: string; source: WebhookSource; onClose: () => void };

export const EditSourceDialog = ({ organization, source, onClose }: Props) => {
  const update = useUpdateSource(organization);
  const [name, setName] = useState(source.name);
  const settings = useSettings(source);
  const { id, version } = source;
  return (
    <FormDialog
      title={`Edit ${source.name}`}
      confirm="Save source"
      foot="It holds for the next request."
      failure="The source was not changed."
      fields={["name", ...settingFields]}
      within="rules"
      error={update.error}
      isReady={name.trim() !== "" && settings.isReady}
      isBusy={update.isPending}
      onSubmit={() =>
        update.mutate({ id, version, name: name.trim(), ...settings.settings }, { onSuccess: onClose })
      }
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <TextField label="Name" error={complaint("name")} maxLength={100} value={name} onChange={setName} />
          <SettingFields scheme={source.scheme} settings={settings} complaint={complaint} />
        </>
      )}
    </FormDialog>
  );
};

const Rotated = (props: { source: WebhookSource & { secret: string }; onClose: () => void }) => {
  const { name, secret, previousSecretUntil: until } = props.source;
  return (
    <SecretOnce
      title={`New secret of ${name}`}
      secret={secret}
      facts={[
        {
          label: "Former secret",
          value: until === null ? "refused from now on" : <Time at={until} full />,
        },
      ]}
      onClose={props.onClose}
    >
      Set it at the sender before the former one ends.
    </SecretOnce>
  );
};

/** Gives a source a new secret, then shows it once. */
export const RotateSecretDialog = ({ organization, source, onClose }: Props) => {
  const rotate = useRotateSource(organization);
  const [secret, setSecret] = useState("");
  const [overlapHours, setOverlapHours] = useState(24);
  if (rotate.data !== undefined) return <Rotated source={rotate.data} onClose={onClose} />;
  return (
    <FormDialog
      title={`Rotate the secret of ${source.name}`}
      confirm="Rotate secret"
      foot={source.previousSecretUntil === null ? undefined : "The secret before the last ends at once."}
      failure="The secret was not changed."
      fields={["secret", "overlapHours"]}
      error={rotate.error}
      isReady
      isBusy={rotate.isPending}
      onSubmit={() =>
        rotate.mutate({
          id: source.id,
          version: source.version,
          overlapHours,
          ...(secret.trim() === "" ? {} : { secret: secret.trim() }),
        })
      }
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <TextField
            label={secretWord(source.scheme)}
            hint={secretHintOf(source.scheme)}
            error={complaint("secret")}
            isMono
            isSecret
            maxLength={200}
            value={secret}
            onChange={setSecret}
          />
          <OverlapField
            label="The former one is accepted for"
            hint="Both are accepted in the meantime"
            none="it is refused at once"
            hours={overlapHours}
            error={complaint("overlapHours")}
            onHours={setOverlapHours}
          />
        </>
      )}
    </FormDialog>
  );
};

export const DeleteSourceDialog = ({ organization, source, onClose }: Props) => {
  const remove = useDeleteSource(organization);
  return (
    <ConfirmDialog
      title={`Delete ${source.name}`}
      confirm="Delete source"
      foot="Deleting a source and its secret cannot be undone."
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: source.id }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={[
          { label: "Intake", value: <span className="mono">{source.intakePath}</span> },
          { label: "Sender", value: schemeWords[source.scheme] },
          { label: "Effect", value: "its intake URL returns 404; events already received stay in the log" },
        ]}
      />
    </ConfirmDialog>
  );
};
