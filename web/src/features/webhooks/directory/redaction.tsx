import type { SourceRedaction, WebhookSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { useState } from "react";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { useUpdateSource } from "../queries.ts";
import css from "../webhooks.module.css";
import { listed } from "./source-words.ts";

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const Choice = (props: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) => (
  <label className="row">
    <Checkbox checked={props.isOn} onChange={(event) => props.onChange(event.target.checked)} />
    {props.label}
  </label>
);

/** A redaction as it is typed. */
type Draft = { fields: string; headers: string; patterns: string; emails: boolean; cards: boolean };

const draftOf = ({ fields, headers, patterns, emails, cards }: SourceRedaction): Draft => ({
  fields: fields.join("\n"),
  headers: headers.join(", "),
  patterns: patterns.join("\n"),
  emails,
  cards,
});

const redactionOf = ({ fields, headers, patterns, emails, cards }: Draft): SourceRedaction => ({
  fields: linesOf(fields),
  headers: listed(headers),
  patterns: linesOf(patterns),
  emails,
  cards,
});

const RedactionFields = (props: {
  draft: Draft;
  complaint: (field: string) => string | undefined;
  onChange: (draft: Draft) => void;
}) => {
  const { draft, complaint, onChange } = props;
  return (
    <>
      <TextField
        label="Fields"
        hint="One path a line: data.customer.name, data.*.iban, or **.phone at any depth"
        error={complaint("fields")}
        rows={3}
        value={draft.fields}
        onChange={(fields) => onChange({ ...draft, fields })}
      />
      <TextField
        label="Patterns"
        hint="One a line: # is a digit, ? a letter or digit, * any further ones, as in CUST-########"
        error={complaint("patterns")}
        rows={2}
        value={draft.patterns}
        onChange={(patterns) => onChange({ ...draft, patterns })}
      />
      <TextField
        label="Headers"
        hint="Separated by commas; from now on they are not even stored"
        error={complaint("headers")}
        isMono
        value={draft.headers}
        onChange={(headers) => onChange({ ...draft, headers })}
      />
      <Choice
        label="Card numbers, but for their last four digits"
        isOn={draft.cards}
        onChange={(cards) => onChange({ ...draft, cards })}
      />
      <Choice
        label="E-mail addresses, but for their first letter and domain"
        isOn={draft.emails}
        onChange={(emails) => onChange({ ...draft, emails })}
      />
    </>
  );
};

type DialogProps = { organization: string; source: WebhookSource; onClose: () => void };

/** What is hidden of the events of a source. */
export const RedactionDialog = ({ organization, source, onClose }: DialogProps) => {
  const update = useUpdateSource(organization);
  // The version that the person saw; the list reads newer ones meanwhile.
  const [{ id, name, version, redaction }] = useState(source);
  const [draft, setDraft] = useState(draftOf(redaction));
  return (
    <FormDialog
      title={`Redaction of ${name}`}
      confirm="Save redaction"
      foot="Deliveries carry the whole payload in any case."
      failure="The redaction was not changed."
      fields={["fields", "headers", "patterns"]}
      within="redaction"
      error={update.error}
      isReady
      isBusy={update.isPending}
      onSubmit={() => update.mutate({ id, version, redaction: redactionOf(draft) }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {(complaint) => <RedactionFields draft={draft} complaint={complaint} onChange={setDraft} />}
    </FormDialog>
  );
};

const mono = (values: readonly string[]) =>
  values.length === 0 ? (
    <span className="c3">none beside secrets</span>
  ) : (
    <span className="mono">{values.join(", ")}</span>
  );

/** What is hidden whenever an event of this source is shown. `onEdit`: null without permission. */
export const Redaction = (props: { redaction: SourceRedaction; onEdit: (() => void) | null }) => {
  const { redaction, onEdit } = props;
  const { cards, emails } = redaction;
  const known = [...(cards ? ["card numbers"] : []), ...(emails ? ["e-mail addresses"] : [])];
  return (
    <section className={css.section} aria-label="Redaction">
      <div className="row">
        <h3 className={`${css.seriesTitle} grow`}>Redaction</h3>
        {onEdit !== null && <Button onClick={onEdit}>Edit redaction…</Button>}
      </div>
      <Facts
        facts={[
          { label: "Always", value: ["secrets and tokens", ...known].join(", ") },
          { label: "Fields", value: mono(redaction.fields) },
          { label: "Headers", value: mono(redaction.headers) },
          {
            label: "Patterns",
            value:
              redaction.patterns.length === 0 ? <span className="c3">none</span> : mono(redaction.patterns),
          },
        ]}
      />
    </section>
  );
};
