import { useMutation, useQuery } from "@tanstack/react-query";
import { stepUpSession } from "@wheelhouse/shared/access.ts";
import { type FormEvent, useEffect, useEffectEvent, useId, useState } from "react";
import { call } from "#lib/api.ts";
import { sessionQuery } from "#lib/session.ts";
import { onConfirmed } from "#lib/step-up.ts";
import { Button } from "#ui/button.tsx";
import { ActError } from "#ui/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form-field.tsx";

/** Has the person sign in once more in a window at the identity provider, which tells when it is done. */
const ProviderStepUp = ({ onAnswer }: { onAnswer: (confirmed: boolean) => void }) => {
  const answer = useEffectEvent(onAnswer);
  useEffect(() => onConfirmed(() => answer(true)), []);
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
            variant="primary"
            onClick={() =>
              window.open("/signin/oidc?purpose=step-up", "_blank", "popup,width=480,height=640")
            }
          >
            Confirm at the provider
          </Button>
        </>
      }
    >
      <p className="c2">
        This act takes that you sign in once more at your identity provider. It goes on as soon as you have.
      </p>
    </Dialog>
  );
};

/** Asks for the password of the signed-in person. */
const PasswordStepUp = ({ onAnswer }: { onAnswer: (confirmed: boolean) => void }) => {
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

/** Asks in the way in which the session began. */
const StepUpDialog = ({ onAnswer }: { onAnswer: (confirmed: boolean) => void }) => {
  const session = useQuery(sessionQuery());
  if (session.isPending) return null;
  return session.data?.signedInBy === "oidc" ? (
    <ProviderStepUp onAnswer={onAnswer} />
  ) : (
    <PasswordStepUp onAnswer={onAnswer} />
  );
};

export default StepUpDialog;
