import type { OnCall, Team } from "@wheelhouse/shared/alerts/routing.ts";
import { useState } from "react";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import css from "./on-call.module.css";
import { useCreateOverride } from "./queries.ts";
import { SelectField } from "./select-field.tsx";

const hourMs = 3_600_000;
/** For a field of date and time, in UTC. */
const fieldOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
const momentOf = (text: string): string | null => {
  const at = new Date(`${text}Z`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
};

/** The next full hour, and so many hours after it. */
const fieldIn = (hours: number): string => fieldOf((Math.ceil(Date.now() / hourMs) + hours) * hourMs);

const choicesOf = ({ members }: OnCall, { layers }: Team) => ({
  people: members.map(({ userId, name }) => ({ value: userId, label: name })),
  layers: layers.map((_, at) => ({ value: String(at), label: `Layer ${at + 1}` })),
});

const MomentField = (props: {
  label: string;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}) => (
  <FormField label={props.label} error={props.error}>
    {(control) => (
      <input
        {...control}
        className="field"
        type="datetime-local"
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
    )}
  </FormField>
);

type Form = { userId: string; layer: string; startsAt: string; endsAt: string; reason: string };

const Fields = (props: {
  form: Form;
  choices: ReturnType<typeof choicesOf>;
  complaint: (field: string) => string | undefined;
  change: (given: Partial<Form>) => void;
}) => {
  const { form, choices, complaint, change } = props;
  return (
    <>
      <SelectField
        label="Person"
        error={complaint("userId")}
        value={form.userId}
        options={choices.people}
        onChange={(userId) => change({ userId })}
      />
      <SelectField
        label="Layer"
        error={complaint("layer")}
        value={form.layer}
        options={choices.layers}
        onChange={(layer) => change({ layer })}
      />
      <div className={css.grid}>
        <MomentField
          label="From, UTC"
          value={form.startsAt}
          error={complaint("startsAt")}
          onChange={(startsAt) => change({ startsAt })}
        />
        <MomentField
          label="Until, UTC"
          value={form.endsAt}
          error={complaint("endsAt")}
          onChange={(endsAt) => change({ endsAt })}
        />
      </div>
      <TextField
        label="Reason"
        error={complaint("reason")}
        value={form.reason}
        maxLength={500}
        onChange={(reason) => change({ reason })}
      />
    </>
  );
};

/** Puts another person on call for a time. */
export const OverrideDialog = (props: {
  organization: string;
  data: OnCall;
  team: Team;
  onClose: () => void;
}) => {
  const { organization, data, team, onClose } = props;
  const create = useCreateOverride(organization);
  const choices = choicesOf(data, team);
  const [form, setForm] = useState<Form>(() => ({
    userId: choices.people[0]?.value ?? "",
    layer: "0",
    startsAt: fieldIn(0),
    endsAt: fieldIn(12),
    reason: "",
  }));
  const [startsAt, endsAt] = [momentOf(form.startsAt), momentOf(form.endsAt)];
  const submit = () => {
    if (startsAt === null || endsAt === null) return;
    const { userId, layer, reason } = form;
    const body = { layer: Number(layer), userId, startsAt, endsAt, reason: reason.trim() || undefined };
    create.mutate({ params: { id: team.id }, body }, { onSuccess: onClose });
  };
  return (
    <FormDialog
      title={`Override the rota of ${team.name}`}
      confirm="Add override"
      failure="The override was not added."
      fields={["userId", "layer", "startsAt", "endsAt", "reason"]}
      error={create.error}
      isReady={form.userId !== "" && startsAt !== null && endsAt !== null}
      isBusy={create.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <Fields
          form={form}
          choices={choices}
          complaint={complaint}
          change={(given) => setForm((before) => ({ ...before, ...given }))}
        />
      )}
    </FormDialog>
  );
};
