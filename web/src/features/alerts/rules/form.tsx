import { useQuery } from "@tanstack/react-query";
import { figureName } from "@wheelhouse/shared/alerts/words.ts";
import { type ReactNode, useId } from "react";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { Select } from "#ui/form/select.tsx";
import type { Draft, DraftField } from "./draft.ts";
import { ruleSeriesQuery } from "./queries.ts";
import css from "./rules.module.css";
import { Sentence } from "./sentence.tsx";

type Form = {
  draft: Draft;
  changed: ReadonlySet<DraftField>;
  errors: ReadonlyMap<DraftField, string>;
  isFixed: boolean;
  onChange: (change: Partial<Draft>) => void;
};
type Control = {
  id: string;
  className: string;
  disabled: boolean;
  "aria-invalid": boolean;
  "aria-describedby": string;
};

/** A labelled control; a changed one has a bar. */
const Field = (props: {
  form: Form;
  field: DraftField;
  label: string;
  width: string | undefined;
  children: (control: Control) => ReactNode;
}) => {
  const { form, field, label, width, children } = props;
  const id = useId();
  const error = form.errors.get(field);
  const isChanged = form.changed.has(field);
  return (
    <div className={`${css.field} ${width}`}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        className: isChanged ? `field ${css.changed}` : "field",
        disabled: form.isFixed,
        "aria-invalid": error !== undefined,
        "aria-describedby": `${id}-note`,
      })}
      <small id={`${id}-note`}>{error}</small>
    </div>
  );
};

type TextName = {
  [Name in DraftField]: Draft[Name] extends string ? (string extends Draft[Name] ? Name : never) : never;
}[DraftField];

const Text = (props: {
  form: Form;
  field: TextName;
  label: string;
  width: string | undefined;
  placeholder?: string;
}) => {
  const { form, field, label, width, placeholder } = props;
  return (
    <Field form={form} field={field} label={label} width={width}>
      {(control) => (
        <input
          {...control}
          value={form.draft[field]}
          placeholder={placeholder}
          maxLength={500}
          onChange={(event) => form.onChange({ [field]: event.target.value })}
        />
      )}
    </Field>
  );
};

const Choice = (props: {
  form: Form;
  field: DraftField;
  label: string;
  width: string | undefined;
  options: readonly { value: string; label: string }[];
}) => {
  const { form, field, label, width, options } = props;
  const value = String(form.draft[field]);
  const shown = options.some((option) => option.value === value)
    ? options
    : [...options, { value, label: value === "" ? "–" : value }];
  return (
    <Field form={form} field={field} label={label} width={width}>
      {(control) => (
        <Select
          {...control}
          value={value}
          onChange={(event) => form.onChange({ [field]: event.target.value })}
        >
          {shown.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
};

const aggregates = [
  { value: "last", label: "newest value" },
  { value: "mean", label: "mean of" },
  { value: "max", label: "maximum of" },
  { value: "min", label: "minimum of" },
  { value: "sum", label: "sum of" },
  { value: "rise", label: "rise over" },
  { value: "risePerMinute", label: "rise per minute over" },
];
const kinds = [
  { value: "series", label: "a figure compares" },
  { value: "absence", label: "a figure has no value" },
];
const sides = [
  { value: "over", label: "over" },
  { value: "under", label: "under" },
];
const noData = [
  { value: "keep", label: "keep state" },
  { value: "warn", label: "keep state, warn after" },
  { value: "fire", label: "as if it held" },
  { value: "ok", label: "as if it cleared" },
];
const severities = ["critical", "warning", "info"].map((value) => ({ value, label: value }));

/** What is compared with what. */
const Comparison = ({ form, organization }: { form: Form; organization: string }) => {
  const { data } = useQuery(ruleSeriesQuery(organization));
  const { draft } = form;
  const found = data?.items.find(({ kind }) => kind === draft.of);
  const metrics = (found?.metrics ?? []).map((value) => ({ value, label: figureName(value) }));
  const ofKinds = (data?.items ?? []).map(({ kind, count }) => ({
    value: kind,
    label: `${kind} (${count})`,
  }));
  return (
    <>
      <Choice form={form} field="of" label="Of each" width={css.c2} options={ofKinds} />
      <Choice form={form} field="metric" label="Figure" width={css.c4} options={metrics} />
      <Choice form={form} field="kind" label="Fires when" width={css.c3} options={kinds} />
      {draft.kind === "series" && (
        <>
          <Choice
            form={form}
            field="dividedBy"
            label="Divided by"
            width={css.c3}
            options={[{ value: "", label: "nothing" }, ...metrics]}
          />
          <Choice form={form} field="aggregate" label="Window" width={css.c3} options={aggregates} />
          {draft.aggregate === "last" ? (
            <span className={css.c3} />
          ) : (
            <Text form={form} field="window" label="Over" width={css.c3} />
          )}
          <Choice form={form} field="when" label="Is" width={css.c2} options={sides} />
          <Text form={form} field="threshold" label="Threshold" width={css.c2} />
          <Text form={form} field="forText" label="For" width={css.c2} />
          <Text
            form={form}
            field="resolveAt"
            label={draft.when === "over" ? "Resolves at most" : "Resolves at least"}
            width={css.c2}
            placeholder="threshold"
          />
        </>
      )}
    </>
  );
};

const Notification = ({ form }: { form: Form }) => (
  <fieldset>
    <legend>Notification</legend>
    <div className={css.grid}>
      <Choice form={form} field="severity" label="Severity" width={css.c2} options={severities} />
      <Text form={form} field="owner" label="Owner" width={css.c4} placeholder="nobody" />
      <Text form={form} field="runbook" label="Runbook" width={css.c6} placeholder="https://…" />
      <Text form={form} field="labels" label="Labels" width={css.c6} placeholder="team=platform, tier=2" />
    </div>
  </fieldset>
);

/** The rule as a sentence, then as fields. */
export const RuleForm = ({ organization, ...form }: Form & { organization: string }) => {
  const { draft, isFixed, onChange } = form;
  const isProblem = draft.kind === "problem";
  const id = useId();
  return (
    <div className={css.fields}>
      <Sentence draft={draft} />
      <fieldset>
        <legend>Condition</legend>
        <div className={css.grid}>
          <Text form={form} field="name" label="Name" width={css.c4} />
          <div className={`${css.field} ${css.c2} ${css.check}`}>
            <label htmlFor={id}>
              <Checkbox
                id={id}
                checked={draft.isEnabled}
                disabled={isFixed}
                onChange={(event) => onChange({ isEnabled: event.target.checked })}
              />{" "}
              Enabled
            </label>
          </div>
          {isProblem ? (
            <p className={`c2 ${css.c6}`}>
              A state of the board. Its condition cannot be changed, its terms can.
            </p>
          ) : (
            <Comparison form={form} organization={organization} />
          )}
          {draft.kind !== "series" && <Text form={form} field="forText" label="For" width={css.c2} />}
          <Text form={form} field="resolveFor" label="Resolves after" width={css.c2} />
          <Text form={form} field="keepFiring" label="Keep firing for" width={css.c2} />
          <Text
            form={form}
            field="things"
            label="Only these, by id or name (* is any text, ! excludes)"
            width={css.c6}
            placeholder="all"
          />
          <Choice form={form} field="noData" label="No data" width={css.c2} options={noData} />
          <Text form={form} field="noDataAfter" label="After" width={css.c2} />
          <Text form={form} field="flapHold" label="Hold when flapping" width={css.c2} />
        </div>
      </fieldset>
      <Notification form={form} />
    </div>
  );
};
