import { type FormEvent, useEffect, useState } from "react";
import { basePath } from "#lib/base-path.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { fieldErrors } from "#ui/form/form-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { useResetPassword } from "../session-queries.ts";
import styles from "../sign-in.module.css";
import { NewPasswordField } from "./new-password.tsx";
import { SignInFrame } from "./sign-in-frame.tsx";

/** Sets a new password with an administrator's link. The secret follows `#` and is removed from the URL. */
export const ResetPage = () => {
  const [token] = useState(() => window.location.hash.slice(1));
  const [newPassword, setNewPassword] = useState("");
  const reset = useResetPassword();
  useEffect(() => {
    document.title = "New password · Wheelhouse";
    window.history.replaceState(window.history.state, "", window.location.pathname);
  }, []);
  const errors = fieldErrors(reset.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    reset.mutate({ token, newPassword });
  };
  const isVoid = token === "" || errors.has("token");
  return (
    <SignInFrame labelledBy="reset" foot="Every attempt is recorded in the audit trail.">
      <h1 className="t20 b" id="reset">
        Set a new password
      </h1>
      <p className="c2">for {window.location.host}</p>
      <div className={styles.slot} role="status">
        {reset.isSuccess && <Note title="Your password is set." />}
        {isVoid && <Note tone="bad" title="This link does not work." />}
      </div>
      {reset.isSuccess ? (
        <p>
          All sessions of your account have ended.{" "}
          <a className="link" href={`${basePath}/signin`}>
            Sign in
          </a>
        </p>
      ) : isVoid ? (
        <p className="c2">It was used, has expired or is incomplete. Ask your administrator for a new one.</p>
      ) : (
        <form noValidate onSubmit={submit}>
          <NewPasswordField
            value={newPassword}
            problem={errors.get("newPassword")}
            onChange={setNewPassword}
          />
          <Button
            type="submit"
            variant="primary"
            className={styles.go ?? ""}
            disabled={newPassword === "" || reset.isPending}
          >
            Set password
          </Button>
          {reset.error !== null && errors.size === 0 && (
            <ActError title="The password was not set." error={reset.error} />
          )}
        </form>
      )}
    </SignInFrame>
  );
};
