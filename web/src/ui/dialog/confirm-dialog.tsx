import type { ReactNode } from "react";
import { ApiError } from "#lib/api/api.ts";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import css from "./confirm-dialog.module.css";
import { Dialog } from "./dialog.tsx";

/** Why an act did not happen: cause, each named field, request id. */
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
 * Asks before an act that is hard to take back. `title` and `confirm` name act and target, the body the
 * effect, `foot` what cannot be undone.
 */
export const ConfirmDialog = (props: {
  title: string;
  confirm: string;
  foot?: string;
  isDestructive?: boolean;
  isBusy: boolean;
  error: Error | null;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) => {
  const { title, confirm, foot, isDestructive = false, isBusy, error, onConfirm, onClose, children } = props;
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
