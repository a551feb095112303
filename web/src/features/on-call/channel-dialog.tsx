import { useQuery } from "@tanstack/react-query";
import {
  type SharedChannel,
  type SharedChannelKind,
  sharedChannelKinds,
} from "@wheelhouse/shared/alerts/channels.ts";
import { type Severity, severities } from "@wheelhouse/shared/alerts/notifications.ts";
import { listEndpoints } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { useCreateChannel, useUpdateChannel } from "./queries.ts";
import { SelectField } from "./select-field.tsx";
import { sharedKindNames } from "./words.ts";

type Form = { kind: SharedChannelKind; name: string; secret: string; leastSeverity: Severity };

const secretLabels: Record<Exclude<SharedChannelKind, "webhook">, string> = {
  slack: "Address of the incoming webhook",
  teams: "Address of the incoming webhook or workflow",
  json: "Address that takes the JSON",
  pagerduty: "Integration key (Events API v2)",
};

const formOf = (channel: SharedChannel | null): Form => ({
  kind: channel?.kind ?? "slack",
  name: channel?.name ?? "",
  secret: "",
  leastSeverity: channel?.leastSeverity ?? "info",
});

const bodyOf = ({ kind, name, secret, leastSeverity }: Form) => {
  const named = { name: name.trim(), leastSeverity };
  if (kind === "webhook") return { kind, ...named, endpointId: secret };
  return kind === "pagerduty"
    ? { kind, ...named, key: secret.trim() }
    : { kind, ...named, address: secret.trim() };
};

const EndpointField = (props: {
  organization: string;
  value: string;
  error: string | undefined;
  onChange: (id: string) => void;
}) => {
  const { organization, value, error, onChange } = props;
  const endpoints = useQuery({
    queryKey: ["on-call", organization, "endpoints"],
    queryFn: ({ signal }) => call(listEndpoints, { query: { limit: 200 } }, { organization, signal }),
  });
  return (
    <FormField
      label="Webhook endpoint"
      hint="Signed, repeated and listed like every delivery; what fails for good is among its dead letters."
      error={error}
    >
      {(control) => (
        <Select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">Choose an endpoint…</option>
          {endpoints.data?.items.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      )}
    </FormField>
  );
};

const SecretField = (props: {
  organization: string;
  form: Form;
  isNew: boolean;
  complaint: (field: string) => string | undefined;
  onChange: (secret: string) => void;
}) => {
  const { organization, form, isNew, complaint, onChange } = props;
  if (form.kind === "webhook")
    return isNew ? (
      <EndpointField
        organization={organization}
        value={form.secret}
        error={complaint("endpointId")}
        onChange={onChange}
      />
    ) : null;
  return (
    <TextField
      label={secretLabels[form.kind]}
      hint={isNew ? "Sealed, and not shown again" : "Leave empty to keep the present one"}
      error={complaint("address") ?? complaint("key")}
      isSecret
      isMono
      value={form.secret}
      onChange={onChange}
    />
  );
};

const kinds = sharedChannelKinds.map((value) => ({ value, label: sharedKindNames[value] }));
const fromSeverities = severities.map((value) => ({ value, label: value }));

/** Saves a new channel, or a change that keeps the secret unless another one is given. */
const useSave = (organization: string, channel: SharedChannel | null, onClose: () => void) => {
  const create = useCreateChannel(organization);
  const update = useUpdateChannel(organization);
  return {
    error: create.error ?? update.error,
    isPending: create.isPending || update.isPending,
    save: (form: Form) => {
      if (channel === null) return create.mutate({ body: bodyOf(form) }, { onSuccess: onClose });
      const { version, id } = channel;
      const secret = form.secret.trim();
      const given = secret === "" ? {} : form.kind === "pagerduty" ? { key: secret } : { address: secret };
      const body = { version, name: form.name.trim(), leastSeverity: form.leastSeverity, ...given };
      return update.mutate({ params: { id }, body }, { onSuccess: onClose });
    },
  };
};

/** Adds or changes a channel that the organization shares. */
export const ChannelDialog = (props: {
  organization: string;
  channel: SharedChannel | null;
  onClose: () => void;
}) => {
  const { organization, channel, onClose } = props;
  const { error, isPending, save } = useSave(organization, channel, onClose);
  const [form, setForm] = useState(() => formOf(channel));
  const change = (given: Partial<Form>) => setForm((before) => ({ ...before, ...given }));
  const isNew = channel === null;
  return (
    <FormDialog
      title={isNew ? "Add channel" : `Change channel ${channel.name}`}
      confirm={isNew ? "Add channel" : "Save channel"}
      failure="The channel was not saved."
      fields={["kind", "name", "address", "key", "endpointId", "leastSeverity"]}
      error={error}
      isReady={form.name.trim() !== "" && (!isNew || form.secret.trim() !== "")}
      isBusy={isPending}
      onSubmit={() => save(form)}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          {isNew && (
            <SelectField
              label="Kind"
              error={complaint("kind")}
              value={form.kind}
              options={kinds}
              onChange={(kind) => change({ kind, secret: "" })}
            />
          )}
          <TextField
            label="Name"
            hint="As people know it, such as #ops-payments"
            error={complaint("name")}
            value={form.name}
            maxLength={100}
            onChange={(name) => change({ name })}
          />
          <SecretField
            organization={organization}
            form={form}
            isNew={isNew}
            complaint={complaint}
            onChange={(secret) => change({ secret })}
          />
          <SelectField
            label="Sends from severity"
            error={complaint("leastSeverity")}
            value={form.leastSeverity}
            options={fromSeverities}
            onChange={(leastSeverity) => change({ leastSeverity })}
          />
        </>
      )}
    </FormDialog>
  );
};
