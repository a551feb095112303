import { reasonCharsMax, reasonCharsMin } from "@wheelhouse/shared/reason.ts";
import { TextField } from "#ui/form/text-field.tsx";

export const ReasonField = (props: {
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
  isRequired?: boolean;
}) => (
  <TextField
    label="Reason, recorded in the audit trail"
    hint={props.isRequired === true ? `At least ${reasonCharsMin} characters` : "Optional"}
    error={props.error}
    value={props.value}
    onChange={props.onChange}
    maxLength={reasonCharsMax}
  />
);
