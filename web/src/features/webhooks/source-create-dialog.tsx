import type { WebhookSource } from "@wheelhouse/shared/webhooks.ts";
import { useState } from "react";
import { slugOf } from "#lib/slug.ts";
import { FormDialog } from "#ui/form-dialog.tsx";
import { FormField } from "#ui/form-field.tsx";
import { SecretOnce } from "./secret-once.tsx";
import { useCreateSource } from "./webhooks-queries.ts";

export const schemeWords: Record<WebhookSource["scheme"], string> = {
  standard: "Standard Webhooks",
  github: "GitHub",
};

/** Creates a source, then shows its secret for the only time. */
export const CreateSourceDialog = (props: { organization: string; onClose: () => void }) => {
  const { organization, onClose } = props;
  const create = useCreateSource(organization);
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  const [scheme, setScheme] = useState<WebhookSource["scheme"]>("standard");
  const [secret, setSecret] = useState("");
  const shownSlug = slug ?? slugOf(name);
  if (create.data !== undefined) {
    return (
      <SecretOnce
        title={`${create.data.name} is created`}
        secret={create.data.secret}
        facts={[
          {
            label: "Intake",
            value: <span className="mono">{`${location.origin}${create.data.intakePath}`}</span>,
          },
        ]}
        onClose={onClose}
      >
        The provider signs each event with it.
      </SecretOnce>
    );
  }
  return (
    <FormDialog
      title="Create a source"
      confirm="Create 1 source"
      failure="The source was not created."
      fields={["name", "slug", "scheme", "secret"]}
      error={create.error}
      isReady={name.trim() !== ""}
      isBusy={create.isPending}
      onSubmit={() =>
        create.mutate({
          slug: shownSlug,
          name: name.trim(),
          scheme,
          ...(secret.trim() === "" ? {} : { secret: secret.trim() }),
        })
      }
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
            hint="Part of the intake address: lower-case letters, digits and inner hyphens"
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
          <FormField label="Signature" hint="How the provider signs its events" error={complaint("scheme")}>
            {(control) => (
              <select
                {...control}
                className="field"
                value={scheme}
                onChange={(event) => setScheme(event.target.value === "github" ? "github" : "standard")}
              >
                <option value="standard">{schemeWords.standard}</option>
                <option value="github">{schemeWords.github}</option>
              </select>
            )}
          </FormField>
          <FormField
            label="Shared secret"
            hint="Empty: one is made and shown once"
            error={complaint("secret")}
          >
            {(control) => (
              <input
                {...control}
                className="field mono"
                autoComplete="off"
                maxLength={200}
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
