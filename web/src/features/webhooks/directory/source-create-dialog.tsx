import type { WebhookSource } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { publicAddress } from "#lib/base-path.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { useCreateSource } from "../queries.ts";
import { NameFields, useNames } from "./name-fields.tsx";
import { SecretOnce } from "./secret-once.tsx";

export const schemeWords: Record<WebhookSource["scheme"], string> = {
  standard: "Standard Webhooks",
  github: "GitHub",
};

type NewSource = NonNullable<ReturnType<typeof useCreateSource>["data"]>;

const Created = ({ source, onClose }: { source: NewSource; onClose: () => void }) => (
  <SecretOnce
    title={`${source.name} created`}
    secret={source.secret}
    facts={[
      {
        label: "Intake",
        value: <span className="mono">{publicAddress(source.intakePath)}</span>,
      },
    ]}
    onClose={onClose}
  >
    The provider uses it to sign each event.
  </SecretOnce>
);

const SchemeField = (props: {
  scheme: WebhookSource["scheme"];
  error: string | undefined;
  onScheme: (scheme: WebhookSource["scheme"]) => void;
}) => (
  <FormField label="Signature" hint="How the provider signs its events" error={props.error}>
    {(control) => (
      <select
        {...control}
        className="field"
        value={props.scheme}
        onChange={(event) => props.onScheme(event.target.value === "github" ? "github" : "standard")}
      >
        <option value="standard">{schemeWords.standard}</option>
        <option value="github">{schemeWords.github}</option>
      </select>
    )}
  </FormField>
);

/** Creates a source, then shows its secret once. */
export const CreateSourceDialog = (props: { organization: string; onClose: () => void }) => {
  const { organization, onClose } = props;
  const create = useCreateSource(organization);
  const names = useNames();
  const [scheme, setScheme] = useState<WebhookSource["scheme"]>("standard");
  const [secret, setSecret] = useState("");
  if (create.data !== undefined) {
    return <Created source={create.data} onClose={onClose} />;
  }
  return (
    <FormDialog
      title="Create source"
      confirm="Create source"
      failure="The source was not created."
      fields={["name", "slug", "scheme", "secret"]}
      error={create.error}
      isReady={names.name.trim() !== ""}
      isBusy={create.isPending}
      onSubmit={() =>
        create.mutate({
          slug: names.slug,
          name: names.name.trim(),
          scheme,
          ...(secret.trim() === "" ? {} : { secret: secret.trim() }),
        })
      }
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <NameFields
            names={names}
            hint="Part of the intake URL: lowercase letters, digits and inner hyphens"
            complaint={complaint}
          />
          <SchemeField scheme={scheme} error={complaint("scheme")} onScheme={setScheme} />
          <TextField
            label="Shared secret"
            hint="Leave empty to generate one (shown once)"
            error={complaint("secret")}
            isMono
            isSecret
            maxLength={200}
            value={secret}
            onChange={setSecret}
          />
        </>
      )}
    </FormDialog>
  );
};
