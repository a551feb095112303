import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";

const overlaps = [
  { hours: 24, text: "24 hours" },
  { hours: 168, text: "7 days" },
  { hours: 1, text: "1 hour" },
];

/** For how long a former secret holds beside the new one. `none`: what no overlap means. */
export const OverlapField = (props: {
  label: string;
  hint: string;
  none: string;
  hours: number;
  error: string | undefined;
  onHours: (hours: number) => void;
}) => (
  <FormField label={props.label} hint={props.hint} error={props.error}>
    {(control) => (
      <Select
        {...control}
        value={props.hours}
        onChange={(event) => props.onHours(Number(event.target.value))}
      >
        {overlaps.map(({ hours, text }) => (
          <option key={hours} value={hours}>
            {text}
          </option>
        ))}
        <option value={0}>no overlap: {props.none}</option>
      </Select>
    )}
  </FormField>
);
