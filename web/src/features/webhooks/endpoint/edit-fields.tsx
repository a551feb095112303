import { useId } from "react";
import { TextField } from "#ui/form/text-field.tsx";
import type { Draft } from "./draft.ts";
import css from "./endpoint.module.css";
import { HeaderFields } from "./header-fields.tsx";
import { asInstalled, type Field, fieldWords } from "./values.ts";

type TextName = Exclude<keyof Draft, "headers">;
type Props = {
  draft: Draft;
  complaint: (field: Field) => string | undefined;
  onDraft: (draft: Draft) => void;
};

type TextSpec = {
  name: TextName;
  field: Field;
  label?: string;
  hint?: string;
  placeholder?: string;
  isMono?: boolean;
  isUrl?: boolean;
  isNumber?: boolean;
  rows?: number;
  maxLength?: number;
};

const receiver: readonly TextSpec[] = [
  { name: "name", field: "name", maxLength: 100 },
  { name: "url", field: "url", hint: "http or https; redirects are not followed", isMono: true, isUrl: true },
  { name: "description", field: "description", maxLength: 500 },
  { name: "labels", field: "labels", hint: "Separated by commas", isMono: true },
];

const filter: readonly TextSpec[] = [
  {
    name: "eventTypes",
    field: "eventTypes",
    hint: "Separated by commas; order.* matches all events starting with “order.”, !order.test excludes; leave empty for all events",
    isMono: true,
    maxLength: 20_000,
  },
  {
    name: "bodyFilter",
    field: "bodyFilter",
    hint: "One condition a line, a path and its values: data.warehouse: fra-1, fra-2. All must hold",
    rows: 2,
  },
];

const delivery: readonly TextSpec[] = [
  {
    name: "timeout",
    field: "timeoutMs",
    hint: "500 ms to 1 m",
    placeholder: asInstalled,
    maxLength: 40,
  },
  {
    name: "rate",
    field: "ratePerSecond",
    label: "Rate, per second",
    hint: "Of all workers together",
    placeholder: asInstalled,
    isNumber: true,
    maxLength: 10,
  },
  {
    name: "concurrency",
    field: "concurrency",
    hint: "Attempts at a time, of each worker",
    placeholder: asInstalled,
    isNumber: true,
    maxLength: 10,
  },
  {
    name: "disableAfter",
    field: "disableAfterMs",
    label: "Disable after failing for",
    hint: "1 m to 30 d, or never",
    maxLength: 40,
  },
  {
    name: "failures",
    field: "breaker",
    label: "Breaker opens after failures",
    hint: "In a row",
    placeholder: asInstalled,
    isNumber: true,
    maxLength: 10,
  },
  {
    name: "coolDown",
    field: "breaker",
    label: "Breaker probes after",
    hint: "100 ms to 1 h",
    placeholder: asInstalled,
    maxLength: 40,
  },
];

const schedule: TextSpec = {
  name: "schedule",
  field: "retryScheduleMs",
  hint: "Delays before the second, third … attempt, separated by commas: 5 s, 5 m, 2 h; none for no retries",
  placeholder: asInstalled,
  maxLength: 1_000,
};

const order: TextSpec = {
  name: "orderBy",
  field: "orderBy",
  label: "Order by key",
  hint: "A path such as data.orderId: events with the same value are delivered one after the other, and a dead letter holds its key until it is replayed, discarded or skipped; leave empty for no order",
  isMono: true,
  maxLength: 200,
};

const Texts = ({ specs, draft, complaint, onDraft }: Props & { specs: readonly TextSpec[] }) =>
  specs.map(({ name, field, label = fieldWords[field], hint, ...look }) => (
    <TextField
      key={name}
      {...look}
      label={label}
      hint={hint}
      error={complaint(field)}
      value={draft[name]}
      onChange={(text) => onDraft({ ...draft, [name]: text })}
    />
  ));

/** All settings of an endpoint. What is left empty is as the installation is configured. */
export const EditFields = (props: Props) => {
  const { draft, complaint, onDraft } = props;
  const id = useId();
  return (
    <>
      <Texts {...props} specs={receiver} />
      <Texts {...props} specs={filter} />
      <HeaderFields
        id={id}
        headers={draft.headers}
        error={complaint("headers")}
        onHeaders={(headers) => onDraft({ ...draft, headers })}
      />
      <div className={css.pairs}>
        <Texts {...props} specs={delivery} />
      </div>
      <Texts {...props} specs={[schedule, order]} />
    </>
  );
};
