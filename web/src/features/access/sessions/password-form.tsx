import { type FormEvent, useState } from "react";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { useChangePassword } from "../session-queries.ts";
import { NewPasswordField, passwordComplaint } from "../sign-in/sign-in.ts";
import css from "./account.module.css";

/** Changes the signed-in person's password and signs out every other device. */
export const PasswordForm = () => {
  const [currentPassword, setCurrent] = useState("");
  const [newPassword, setNew] = useState("");
  const change = useChangePassword();
  const errors = fieldErrors(change.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(
      { currentPassword, newPassword },
      {
        onSuccess: () => {
          setCurrent("");
          setNew("");
        },
      },
    );
  };
  return (
    <form noValidate className={css.form} onSubmit={submit}>
      <FormField label="Current password" error={passwordComplaint(errors.get("currentPassword"))}>
        {(control) => (
          <input
            {...control}
            className="field"
            type="password"
            autoComplete="current-password"
            required
            value={currentPassword}
            onChange={(event) => setCurrent(event.target.value)}
          />
        )}
      </FormField>
      <NewPasswordField value={newPassword} problem={errors.get("newPassword")} onChange={setNew} />
      <Button type="submit" disabled={currentPassword === "" || newPassword === "" || change.isPending}>
        Change password
      </Button>
      <div role="status" className={css.said}>
        {change.isSuccess && (
          <Note title="Password changed.">
            {change.data.ended === 0
              ? "You were not signed in on any other device."
              : `Signed out on ${change.data.ended} other ${change.data.ended === 1 ? "device" : "devices"}.`}
          </Note>
        )}
      </div>
      {change.error !== null && errors.size === 0 && (
        <ActError title="The password was not changed." error={change.error} />
      )}
    </form>
  );
};
