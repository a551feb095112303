import { sampleRequest } from "@wheelhouse/shared/webhooks/sample.ts";
import type { SourceScheme, WebhookSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { useState } from "react";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { CodeBlock, CopyButton } from "#ui/text/code-block.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { useCreateSource } from "../queries.ts";
import css from "../webhooks.module.css";
import { NameFields, useNames } from "./name-fields.tsx";
import { SecretOnce } from "./secret-once.tsx";
import { SchemeField, SettingFields, settingFields, useSettings } from "./source-fields.tsx";
import { intakeUrl, issuesSecret, schemeWords, secretHintOf, secretWord } from "./source-words.ts";

/** The one moment in which a script can hold the secret, so that it runs as it is pasted. */
const ReadySample = ({ source }: { source: WebhookSource & { secret: string } }) => {
  const sample = sampleRequest(source, intakeUrl(source));
  if (sample === undefined) return null;
  return (
    <section className={css.section} aria-label="Sample request">
      <div className="row">
        <h3 className={`${css.seriesTitle} grow`}>Try it: a signed request for a shell</h3>
        <CopyButton text={sample} label="Copy sample" />
      </div>
      <CodeBlock label="Shell script of the sample request" text={sample} />
    </section>
  );
};

const Created = (props: { source: WebhookSource & { secret: string }; onClose: () => void }) => {
  const { source, onClose } = props;
  const title = `${source.name} created`;
  const facts = [{ label: "Intake", value: <span className="mono">{intakeUrl(source)}</span> }];
  if (source.secret === "" || source.publicKey !== null)
    return (
      <Dialog
        title={title}
        onClose={onClose}
        footer={
          <Button large variant="primary" onClick={onClose}>
            Done
          </Button>
        }
      >
        <Facts facts={facts} />
        <ReadySample source={source} />
      </Dialog>
    );
  return (
    <SecretOnce
      title={title}
      secret={source.secret}
      facts={facts}
      after={<ReadySample source={source} />}
      onClose={onClose}
    >
      {issuesSecret(source.scheme)
        ? `If ${schemeWords[source.scheme]} issues another secret for this address, enter it with Rotate secret.`
        : "The provider uses it to sign each event."}
    </SecretOnce>
  );
};

/** Creates a source, then shows its secret once. */
export const CreateSourceDialog = (props: { organization: string; onClose: () => void }) => {
  const { organization, onClose } = props;
  const create = useCreateSource(organization);
  const names = useNames();
  const [scheme, setScheme] = useState<SourceScheme>("standard");
  const [secret, setSecret] = useState("");
  const settings = useSettings();
  if (create.data !== undefined) {
    return <Created source={create.data} onClose={onClose} />;
  }
  const isSecret = scheme !== "addresses";
  const submit = () =>
    create.mutate({
      slug: names.slug,
      name: names.name.trim(),
      scheme,
      ...settings.settings,
      ...(isSecret && secret.trim() !== "" ? { secret: secret.trim() } : {}),
    });
  return (
    <FormDialog
      title="Create source"
      confirm="Create source"
      failure="The source was not created."
      fields={["name", "slug", "scheme", "secret", ...settingFields]}
      within="rules"
      error={create.error}
      isReady={names.name.trim() !== "" && settings.isReady}
      isBusy={create.isPending}
      onSubmit={submit}
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
          {isSecret && (
            <TextField
              label={secretWord(scheme)}
              hint={secretHintOf(scheme)}
              error={complaint("secret")}
              isMono
              isSecret
              maxLength={200}
              value={secret}
              onChange={setSecret}
            />
          )}
          <SettingFields scheme={scheme} settings={settings} complaint={complaint} />
        </>
      )}
    </FormDialog>
  );
};
