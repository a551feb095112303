import { FormField } from "./form-field.tsx";

/** A text field of a form, with several lines if `rows` is set. */
export const TextField = (props: {
  label: string;
  hint?: string | undefined;
  error: string | undefined;
  value: string;
  onChange: (value: string) => void;
  rows?: number;
  maxLength?: number;
  isNumber?: boolean;
  isSecret?: boolean;
  isMono?: boolean;
  isUrl?: boolean;
  placeholder?: string;
}) => {
  const { label, hint, error, value, onChange, rows, maxLength = 2_000 } = props;
  return (
    <FormField label={label} hint={hint} error={error}>
      {(control) =>
        rows === undefined ? (
          <input
            {...control}
            className={props.isMono === true ? "field mono" : "field"}
            type={props.isUrl === true ? "url" : undefined}
            inputMode={props.isNumber === true ? "decimal" : props.isUrl === true ? "url" : undefined}
            placeholder={props.placeholder}
            autoComplete={props.isSecret === true ? "off" : undefined}
            maxLength={maxLength}
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
