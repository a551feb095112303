import { useQueryClient } from "@tanstack/react-query";
import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { ConflictDialog } from "./conflict-dialog.tsx";
import { draftOf, readDraft } from "./draft.ts";
import { EditFields } from "./edit-fields.tsx";
import { endpointQuery, useUpdateEndpoint } from "./queries.ts";
import { changeOf, type EndpointValues, fields, valuesOf } from "./values.ts";

/**
 * Changes the settings of an endpoint. `endpoint` is the version that the person began with; if somebody saved
 * another one meanwhile, the two are merged field by field, and nothing is overwritten.
 */
export const EditDialog = (props: {
  organization: string;
  endpoint: WebhookEndpoint;
  onClose: () => void;
}) => {
  const { organization, endpoint, onClose } = props;
  const client = useQueryClient();
  const update = useUpdateEndpoint(organization, endpoint.id);
  const base = valuesOf(endpoint);
  const [draft, setDraft] = useState(() => draftOf(base));
  const [theirs, setTheirs] = useState<WebhookEndpoint | null>(null);
  const { values: mine, errors } = readDraft(draft, base);

  const readTheirs = () =>
    client.fetchQuery({ ...endpointQuery(organization, endpoint.id), staleTime: 0 }).then(setTheirs);
  const save = (version: number, from: EndpointValues, to: EndpointValues) =>
    update.mutate(
      { version, ...changeOf(from, to) },
      {
        onSuccess: onClose,
        onError: (error) => {
          if (error instanceof ApiError && error.code === "conflict") readTheirs().catch(() => undefined);
          else setTheirs(null);
        },
      },
    );

  if (theirs !== null)
    return (
      <ConflictDialog
        key={theirs.version}
        began={endpoint}
        theirs={theirs}
        mine={mine}
        isBusy={update.isPending}
        onSave={(result) => save(theirs.version, valuesOf(theirs), result)}
        onBack={() => setTheirs(null)}
        onDiscard={onClose}
      />
    );
  return (
    <FormDialog
      title={`Edit ${endpoint.name}`}
      confirm={`Save version ${endpoint.version + 1}`}
      foot="Holds from the next attempt on."
      failure="The endpoint was not changed."
      fields={fields}
      within="settings"
      error={update.error}
      isReady={errors.size === 0 && Object.keys(changeOf(base, mine)).length > 0}
      isBusy={update.isPending}
      onSubmit={() => save(endpoint.version, base, mine)}
      onClose={onClose}
    >
      {(complaint) => (
        <EditFields
          draft={draft}
          complaint={(field) => errors.get(field) ?? complaint(field)}
          onDraft={setDraft}
        />
      )}
    </FormDialog>
  );
};
