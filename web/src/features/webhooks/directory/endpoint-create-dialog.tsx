import { useState } from "react";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { useCreateEndpoint } from "../queries.ts";
import { NameFields, useNames } from "./name-fields.tsx";
import { SecretOnce } from "./secret-once.tsx";

const listed = (text: string): string[] =>
  text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");

type NewEndpoint = NonNullable<ReturnType<typeof useCreateEndpoint>["data"]>;

const Created = ({ endpoint, onClose }: { endpoint: NewEndpoint; onClose: () => void }) => (
  <SecretOnce
    title={`${endpoint.name} created`}
    secret={endpoint.secret}
    facts={[{ label: "Address", value: endpoint.url }]}
    onClose={onClose}
  >
    The receiver uses it to verify the signature of each request.
  </SecretOnce>
);

const EventTypesField = (props: {
  types: string;
  error: string | undefined;
  onTypes: (types: string) => void;
}) => (
  <FormField
    label="Events"
    hint="Separated by commas; order.* matches all events starting with order. Leave empty for all events"
    error={props.error}
  >
    {(control) => (
      <input
        {...control}
        className="field mono"
        value={props.types}
        onChange={(event) => props.onTypes(event.target.value)}
      />
    )}
  </FormField>
);

const SecretField = (props: {
  secret: string;
  error: string | undefined;
  onSecret: (secret: string) => void;
}) => (
  <TextField
    label="Signing secret"
    hint="Leave empty to generate one (shown once)"
    error={props.error}
    isMono
    isSecret
    maxLength={200}
    placeholder="whsec_…"
    value={props.secret}
    onChange={props.onSecret}
  />
);

/** Creates a receiver, then shows its signing secret once. */
export const CreateEndpointDialog = (props: { organization: string; onClose: () => void }) => {
  const { organization, onClose } = props;
  const create = useCreateEndpoint(organization);
  const names = useNames();
  const [url, setUrl] = useState("");
  const [types, setTypes] = useState("");
  const [secret, setSecret] = useState("");
  if (create.data !== undefined) {
    return <Created endpoint={create.data} onClose={onClose} />;
  }
  const submit = () =>
    create.mutate({
      slug: names.slug,
      name: names.name.trim(),
      url: url.trim(),
      eventTypes: listed(types),
      ...(secret.trim() === "" ? {} : { secret: secret.trim() }),
    });
  return (
    <FormDialog
      title="Create endpoint"
      confirm="Create endpoint"
      foot="New events are sent to it immediately."
      failure="The endpoint was not created."
      fields={["name", "slug", "url", "eventTypes", "secret"]}
      error={create.error}
      isReady={names.name.trim() !== "" && url.trim() !== ""}
      isBusy={create.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <NameFields
            names={names}
            hint="Lowercase letters, digits and inner hyphens"
            complaint={complaint}
          />
          <TextField
            label="Address"
            hint="http or https; redirects are not followed"
            error={complaint("url")}
            isMono
            isUrl
            placeholder="https://"
            value={url}
            onChange={setUrl}
          />
          <EventTypesField types={types} error={complaint("eventTypes")} onTypes={setTypes} />
          <SecretField secret={secret} error={complaint("secret")} onSecret={setSecret} />
        </>
      )}
    </FormDialog>
  );
};
