import type { ReactNode } from "react";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { SecretText } from "#ui/text/secret-text.tsx";

/** Shows a new secret; it cannot be displayed again. */
export const SecretOnce = (props: {
  title: string;
  secret: string;
  facts: readonly { label: string; value: ReactNode }[];
  /** What can be done with the secret while it is known. */
  after?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}) => (
  <Dialog
    title={props.title}
    onClose={props.onClose}
    footer={
      <>
        <span className="c2 t12 grow">Only the last 4 characters will be shown from now on.</span>
        <Button large variant="primary" onClick={props.onClose}>
          Done
        </Button>
      </>
    }
  >
    <Facts facts={props.facts} />
    <SecretText text={props.secret} copy="Copy secret" testId="secret" />
    <Note tone="warn" title="Store the secret now.">
      It will not be shown again. {props.children}
    </Note>
    {props.after}
  </Dialog>
);
