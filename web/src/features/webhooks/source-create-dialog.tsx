import type { WebhookSource } from "@wheelhouse/shared/webhooks.ts";
import { useState } from "react";
import { Button } from "#ui/button.tsx";
import { ActError } from "#ui/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form-field.tsx";
import { SecretOnce } from "./secret-once.tsx";
import css from "./webhooks.module.css";
import { useCreateSource } from "./webhooks-queries.ts";
import { slugOf } from "./webhooks-slug.ts";

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
  const errors = fieldErrors(create.error);
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
    <Dialog
      title="Create a source"
      onClose={onClose}
      footer={
        <>
          <span className="grow" />
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button
            large
            variant="primary"
            type="submit"
            form="create-source"
            disabled={create.isPending || name.trim() === ""}
          >
            Create 1 source
          </Button>
        </>
      }
    >
      <form
        id="create-source"
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({
            slug: shownSlug,
            name: name.trim(),
            scheme,
            ...(secret.trim() === "" ? {} : { secret: secret.trim() }),
          });
        }}
      >
        <FormField label="Name" error={errors.get("name")}>
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
          error={errors.get("slug")}
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
        <FormField label="Signature" hint="How the provider signs its events" error={errors.get("scheme")}>
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
          error={errors.get("secret")}
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
      </form>
      {create.error !== null && errors.size === 0 && (
        <ActError title="The source was not created." error={create.error} />
      )}
    </Dialog>
  );
};
