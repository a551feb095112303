import { useState } from "react";
import { slugOf } from "#lib/slug.ts";
import { FormDialog } from "#ui/form-dialog.tsx";
import { FormField } from "#ui/form-field.tsx";
import { SecretOnce } from "./secret-once.tsx";
import { useCreateEndpoint } from "./webhooks-queries.ts";

const listed = (text: string): string[] =>
  text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** Creates a receiver, then shows its signing secret for the only time. */
export const CreateEndpointDialog = (props: { organization: string; onClose: () => void }) => {
  const { organization, onClose } = props;
  const create = useCreateEndpoint(organization);
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  const [url, setUrl] = useState("");
  const [types, setTypes] = useState("");
  const [secret, setSecret] = useState("");
  const shownSlug = slug ?? slugOf(name);
  if (create.data !== undefined) {
    return (
      <SecretOnce
        title={`${create.data.name} is created`}
        secret={create.data.secret}
        facts={[{ label: "Address", value: create.data.url }]}
        onClose={onClose}
      >
        The receiver verifies each request's signature with it.
      </SecretOnce>
    );
  }
  const submit = () =>
    create.mutate({
      slug: shownSlug,
      name: name.trim(),
      url: url.trim(),
      eventTypes: listed(types),
      ...(secret.trim() === "" ? {} : { secret: secret.trim() }),
    });
  return (
    <FormDialog
      title="Create an endpoint"
      confirm="Create 1 endpoint"
      foot="New events are sent to it at once."
      failure="The endpoint was not created."
      fields={["name", "slug", "url", "eventTypes", "secret"]}
      error={create.error}
      isReady={name.trim() !== "" && url.trim() !== ""}
      isBusy={create.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <FormField label="Name" error={complaint("name")}>
            {(control) => (
              <input
                {...control}
                className="field"
                maxLength={100}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </FormField>
          <FormField
            label="Short name"
            hint="Lower-case letters, digits and inner hyphens"
            error={complaint("slug")}
          >
            {(control) => (
              <input
                {...control}
                className="field mono"
                maxLength={63}
                value={shownSlug}
                onChange={(event) => setSlug(event.target.value)}
              />
            )}
          </FormField>
          <FormField
            label="Address"
            hint="http or https; redirects are not followed"
            error={complaint("url")}
          >
            {(control) => (
              <input
                {...control}
                className="field mono"
                type="url"
                inputMode="url"
                maxLength={2000}
                placeholder="https://"
                value={url}
                onChange={(event) => setUrl(event.target.value)}
              />
            )}
          </FormField>
          <FormField
            label="Events"
            hint="Separated by commas; order.* takes all that begin so. Empty: all events"
            error={complaint("eventTypes")}
          >
            {(control) => (
              <input
                {...control}
                className="field mono"
                value={types}
                onChange={(event) => setTypes(event.target.value)}
              />
            )}
          </FormField>
          <FormField
            label="Signing secret"
            hint="Empty: one is made and shown once"
            error={complaint("secret")}
          >
            {(control) => (
              <input
                {...control}
                className="field mono"
                autoComplete="off"
                maxLength={200}
                placeholder="whsec_…"
                value={secret}
                onChange={(event) => setSecret(event.target.value)}
              />
            )}
          </FormField>
        </>
      )}
    </FormDialog>
  );
};
