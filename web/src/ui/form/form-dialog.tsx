import { type ReactNode, useId } from "react";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import css from "./form-dialog.module.css";
import { fieldErrors } from "./form-field.tsx";

/**
 * A dialog with a form. `title` and `confirm` name action and count, `foot` what cannot be undone. Errors of
 * the server appear beside their field if the form shows it (`fields`, by their names in the body), otherwise
 * at the end, under `failure`.
 */
export const FormDialog = (props: {
  title: string;
  confirm: string;
  foot?: ReactNode;
  failure: string;
  fields?: readonly string[];
  /** A nested part of the body whose fields are matched by name as well. */
  within?: string;
  error: Error | null;
  isReady: boolean;
  isBusy: boolean;
  onSubmit: () => void;
  onClose: () => void;
  /** Receives a function that returns the error of a field by its name. */
  children: (complaint: (field: string) => string | undefined) => ReactNode;
}) => {
  const { title, confirm, foot, failure, fields = [], error, isReady, isBusy, onSubmit, onClose } = props;
  const id = useId();
  const errors = fieldErrors(error, props.within);
  const isSaid = fields.some((field) => errors.has(field));
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">{foot}</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button large variant="primary" type="submit" form={id} disabled={isBusy || !isReady}>
            {confirm}
          </Button>
        </>
      }
    >
      <form
        noValidate
        id={id}
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isBusy) onSubmit();
        }}
      >
        {props.children((field) => errors.get(field))}
      </form>
      {error !== null && !isSaid && <ActError title={failure} error={error} />}
    </Dialog>
  );
};
