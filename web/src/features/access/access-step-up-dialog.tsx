import { useMutation } from "@tanstack/react-query";
import { stepUpSession } from "@wheelhouse/shared/access.ts";
import { type FormEvent, useId, useState } from "react";
import { call } from "#lib/api.ts";
import { Button } from "#ui/button.tsx";
import { ActError } from "#ui/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form-field.tsx";

/** Asks for the password of the signed-in person. */
const StepUpDialog = ({ onAnswer }: { onAnswer: (confirmed: boolean) => void }) => {
  const [password, setPassword] = useState("");
  const formId = useId();
  const confirm = useMutation({
    mutationFn: () => call(stepUpSession, { body: { password } }),
    onSuccess: () => onAnswer(true),
    onError: () => setPassword(""),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (password !== "" && !confirm.isPending) confirm.mutate();
  };
  const wrong = fieldErrors(confirm.error).get("password");
  return (
    <Dialog
      title="Confirm that it is you"
      onClose={() => onAnswer(false)}
      footer={
        <>
          <span className="c3 t12 grow">Asked once in 5 minutes.</span>
          <Button large onClick={() => onAnswer(false)}>
            Cancel
          </Button>
          <Button
            large
            type="submit"
            form={formId}
            variant="primary"
            disabled={password === "" || confirm.isPending}
          >
            Confirm
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit}>
        <p className="c2">
          This act takes your password once more. It goes on as soon as you have confirmed.
        </p>
        <FormField label="Password" error={wrong === undefined ? undefined : `The password ${wrong}.`}>
          {(control) => (
            <input
              {...control}
              className="field"
              name="password"
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </FormField>
      </form>
      {confirm.error !== null && wrong === undefined && (
        <ActError title="Not confirmed." error={confirm.error} />
      )}
    </Dialog>
  );
};

export default StepUpDialog;
