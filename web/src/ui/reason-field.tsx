import { FormField } from "#ui/form-field.tsx";

const reasonMin = 3;
const reasonMax = 500;

/** Whether a reason may be sent as it is. */
export const isReason = (reason: string): boolean => reason.trim().length >= reasonMin;

/** Why an act is done. Ctrl or ⌘ with Enter sends, as the dialog's button does. */
export const ReasonField = (props: {
  reason: string;
  error: string | undefined;
  onChange: (reason: string) => void;
  onSend: () => void;
}) => {
  const { reason, error, onChange, onSend } = props;
  const left = reasonMax - reason.trim().length;
  return (
    <FormField
      label="Reason, kept in the audit trail"
      hint={left < 50 ? `${left} characters left` : `At least ${reasonMin} characters`}
      error={error}
    >
      {(control) => (
        <textarea
          {...control}
          className="field"
          rows={2}
          maxLength={reasonMax}
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
