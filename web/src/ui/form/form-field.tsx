import { type ReactNode, useId } from "react";
import { ApiError } from "#lib/api/api.ts";
import css from "./form-field.module.css";

/**
 * The server's error for one field of a body, by the field's name. `within`: a nested part of the body whose
 * fields are matched by name as well.
 */
export const fieldErrors = (error: Error | null, within?: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  if (!(error instanceof ApiError)) return found;
  for (const { field, message } of error.details) {
    const [first = field, second] = field.replace(/^body\./, "").split(".");
    const name = (first === within ? second : undefined) ?? first;
    if (!found.has(name)) found.set(name, message);
  }
  return found;
};

/** Label above a control, hint or error below it. `children` receives the ids that connect them. */
export const FormField = (props: {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  children: (control: { id: string; "aria-describedby": string; "aria-invalid": boolean }) => ReactNode;
}) => {
  const { label, hint, error, children } = props;
  const id = useId();
  const noteId = `${id}-note`;
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": noteId, "aria-invalid": error !== undefined })}
      <div id={noteId} className={error === undefined ? css.hint : css.error}>
        {error ?? hint}
      </div>
    </div>
  );
};
