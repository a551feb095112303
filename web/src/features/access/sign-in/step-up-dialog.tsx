import { useMutation, useQuery } from "@tanstack/react-query";
import { stepUpSession } from "@wheelhouse/shared/access/access.ts";
import { useEffect, useEffectEvent, useState } from "react";
import { call } from "#lib/api/api.ts";
import { sessionQuery } from "#lib/api/session.ts";
import { onConfirmed } from "#lib/api/step-up.ts";
import { basePath } from "#lib/base-path.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { passwordComplaint } from "./new-password.tsx";

/**
 * Lets the person sign in again in a window at the identity provider; that window reports when it is done.
 */
const ProviderStepUp = ({ onAnswer }: { onAnswer: (confirmed: boolean) => void }) => {
  const answer = useEffectEvent(onAnswer);
  useEffect(() => onConfirmed(() => answer(true)), []);
  return (
    <Dialog
      title="Confirm your identity"
      onClose={() => onAnswer(false)}
      footer={
        <>
          <span className="c3 t12 grow">You are asked at most once every 5 minutes.</span>
          <Button large onClick={() => onAnswer(false)}>
            Cancel
          </Button>
          <Button
            large
            variant="primary"
            onClick={() =>
              window.open(`${basePath}/signin/oidc?purpose=step-up`, "_blank", "popup,width=480,height=640")
            }
          >
            Confirm at the provider
          </Button>
        </>
      }
    >
      <p className="c2">
        This action requires you to sign in again at your identity provider. It continues once you have.
      </p>
    </Dialog>
  );
};

/** Asks the signed-in person for their password. */
const PasswordStepUp = ({ onAnswer }: { onAnswer: (confirmed: boolean) => void }) => {
  const [password, setPassword] = useState("");
  const confirm = useMutation({
    mutationFn: () => call(stepUpSession, { body: { password } }),
    onSuccess: () => onAnswer(true),
    onError: () => setPassword(""),
  });
  return (
    <FormDialog
      title="Confirm your identity"
      confirm="Confirm"
      foot="You are asked at most once every 5 minutes."
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
          <p className="c2">This action requires your password. It continues once you have confirmed.</p>
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

/** Asks in the way the session was started: at the identity provider or by password. */
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
