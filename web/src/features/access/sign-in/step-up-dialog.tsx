import { useMutation, useQuery } from "@tanstack/react-query";
import { stepUpSession } from "@wheelhouse/shared/access/access.ts";
import { useEffect, useEffectEvent, useState } from "react";
import { call } from "#lib/api/api.ts";
import { sessionQuery } from "#lib/api/session.ts";
import { onConfirmed } from "#lib/api/step-up.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { passwordComplaint } from "./new-password.tsx";

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
  const confirm = useMutation({
    mutationFn: () => call(stepUpSession, { body: { password } }),
    onSuccess: () => onAnswer(true),
    onError: () => setPassword(""),
  });
  return (
    <FormDialog
      title="Confirm that it is you"
      confirm="Confirm"
      foot="Asked once in 5 minutes."
      failure="Not confirmed."
      fields={["password"]}
      error={confirm.error}
      isReady={password !== ""}
      isBusy={confirm.isPending}
      onSubmit={() => confirm.mutate()}
      onClose={() => onAnswer(false)}
    >
      {(complaint) => (
        <>
          <p className="c2">
            This act takes your password once more. It goes on as soon as you have confirmed.
          </p>
          <FormField label="Password" error={passwordComplaint(complaint("password"))}>
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
        </>
      )}
    </FormDialog>
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
