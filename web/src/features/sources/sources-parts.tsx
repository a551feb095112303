import { FormField } from "#ui/form-field.tsx";

/** One control of a form that holds text, over several lines where `rows` says so. */
export const TextField = (props: {
  label: string;
  hint?: string;
  error: string | undefined;
  value: string;
  onChange: (value: string) => void;
  rows?: number;
  isNumber?: boolean;
  isSecret?: boolean;
}) => {
  const { label, hint, error, value, onChange, rows, isNumber = false, isSecret = false } = props;
  return (
    <FormField label={label} hint={hint} error={error}>
      {(control) =>
        rows === undefined ? (
          <input
            {...control}
            className="field"
            inputMode={isNumber ? "decimal" : undefined}
            autoComplete={isSecret ? "off" : undefined}
            maxLength={2_000}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        ) : (
          <textarea
            {...control}
            className="field mono"
            rows={Math.min(10, Math.max(rows, value.split("\n").length))}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </FormField>
  );
};

export const ReasonField = (props: {
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
  isRequired?: boolean;
}) => (
  <TextField
    label="Reason, kept in the audit trail"
    hint={props.isRequired === true ? "At least 3 characters" : "May be left out"}
    error={props.error}
    value={props.value}
    onChange={props.onChange}
  />
);
