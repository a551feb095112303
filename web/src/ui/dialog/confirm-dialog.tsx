import type { ReactNode } from "react";
import { ApiError } from "#lib/api/api.ts";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import css from "./confirm-dialog.module.css";
import { Dialog } from "./dialog.tsx";

/** Why an action failed: cause, rejected fields, request id. */
export const ActError = ({ title, error }: { title: string; error: Error }) => (
  <div role="alert" className={css.error}>
    <Note tone="bad" title={title}>
      {error.message}
      {error instanceof ApiError && error.requestId !== null && (
        <span className="mono c3"> {error.requestId}</span>
      )}
    </Note>
  </div>
);

/**
 * Asks before an action that is hard to undo. `title` and `confirm` name action and target, the body the
 * effect, `foot` what cannot be undone. `dismiss`: label of the button that closes the dialog.
 */
export const ConfirmDialog = (props: {
  title: string;
  confirm: string;
  dismiss?: string;
  foot?: string;
  isDestructive?: boolean;
  isBusy: boolean;
  error: Error | null;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) => {
  const { title, confirm, dismiss = "Cancel", foot, isDestructive = false } = props;
  const { isBusy, error, onConfirm, onClose, children } = props;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">{foot}</span>
          <Button large onClick={onClose}>
            {dismiss}
          </Button>
          <Button
            large
            variant={isDestructive ? "danger-solid" : "primary"}
            disabled={isBusy}
            onClick={onConfirm}
          >
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      {error !== null && <ActError title="Nothing was changed." error={error} />}
    </Dialog>
  );
};
