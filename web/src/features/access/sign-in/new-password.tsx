import { FormField } from "#ui/form/form-field.tsx";

/** A field's complaint as a sentence about the password; nothing where there is none. */
export const passwordComplaint = (problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : `The password ${problem}.`;

/** Field for a password that somebody chooses. */
export const NewPasswordField = (props: {
  value: string;
  problem: string | undefined;
  onChange: (value: string) => void;
}) => (
  <FormField
    label="New password"
    hint="At least 12 characters. Several words are good."
    error={passwordComplaint(props.problem)}
  >
    {(control) => (
      <input
        {...control}
        className="field"
        type="password"
        autoComplete="new-password"
        required
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
    )}
  </FormField>
);
