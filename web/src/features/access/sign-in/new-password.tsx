import { FormField } from "#ui/form/form-field.tsx";

/** A field error as a sentence about the password; undefined when there is none. */
export const passwordComplaint = (problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : `The password ${problem}.`;

/** Field for choosing a password. */
export const NewPasswordField = (props: {
  value: string;
  problem: string | undefined;
  onChange: (value: string) => void;
}) => (
  <FormField
    label="New password"
    hint="At least 12 characters. A passphrase of several words works well."
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
