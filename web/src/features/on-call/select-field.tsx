import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";

/** A choice of one of a few words. */
export const SelectField = <T extends string>(props: {
  label: string;
  error: string | undefined;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}) => {
  const { label, error, value, options, onChange } = props;
  return (
    <FormField label={label} error={error}>
      {(control) => (
        <Select
          {...control}
          value={value}
          onChange={({ target }) => {
            const chosen = options.find((option) => option.value === target.value);
            if (chosen) onChange(chosen.value);
          }}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </Select>
      )}
    </FormField>
  );
};
