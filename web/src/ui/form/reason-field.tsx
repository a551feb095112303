import { reasonCharsMax, reasonCharsMin } from "@wheelhouse/shared/reason.ts";
import { FormField } from "./form-field.tsx";

/** Reason for an action. Ctrl or ⌘ with Enter submits, like the dialog's button. */
export const ReasonField = (props: {
  reason: string;
  error: string | undefined;
  onChange: (reason: string) => void;
  onSend: () => void;
}) => {
  const { reason, error, onChange, onSend } = props;
  const left = reasonCharsMax - reason.trim().length;
  return (
    <FormField
      label="Reason, recorded in the audit trail"
      hint={left < 50 ? `${left} characters left` : `At least ${reasonCharsMin} characters`}
      error={error}
    >
      {(control) => (
        <textarea
          {...control}
          className="field"
          rows={2}
          maxLength={reasonCharsMax}
          required
          value={reason}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSend();
          }}
        />
      )}
    </FormField>
  );
};
