import type { ReactNode } from "react";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { SecretText } from "#ui/text/secret-text.tsx";

/** The only moment in which a new secret can be read. */
export const SecretOnce = (props: {
  title: string;
  secret: string;
  facts: readonly { label: string; value: ReactNode }[];
  onClose: () => void;
  children: ReactNode;
}) => (
  <Dialog
    title={props.title}
    onClose={props.onClose}
    footer={
      <>
        <span className="c2 t12 grow">Only its last 4 characters are shown from now on.</span>
        <Button large variant="primary" onClick={props.onClose}>
          I have stored it
        </Button>
      </>
    }
  >
    <Facts facts={props.facts} />
    <SecretText text={props.secret} copy="Copy secret" testId="secret" />
    <Note tone="warn" title="Store the secret now.">
      It is not shown again. {props.children}
    </Note>
  </Dialog>
);
