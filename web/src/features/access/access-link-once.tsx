import type { ReactNode } from "react";
import { Button } from "#ui/button.tsx";
import { CopyButton } from "#ui/code-block.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { Note } from "#ui/note.tsx";
import { Facts } from "#ui/quantity.tsx";
import css from "./access.module.css";

/** The only moment in which a link or a token can be read. */
export const ShownOnce = (props: {
  title: string;
  text: string;
  copy: string;
  facts: readonly { label: string; value: ReactNode }[];
  /** What is to be done with it, and what happens when it is lost. */
  note: string;
  children: ReactNode;
  onClose: () => void;
}) => (
  <Dialog
    title={props.title}
    onClose={props.onClose}
    footer={
      <Button large variant="primary" onClick={props.onClose}>
        I have it
      </Button>
    }
  >
    <Facts facts={props.facts} />
    <div className={css.secret}>
      <code className="mono" data-testid="shown-once">
        {props.text}
      </code>
      <CopyButton text={props.text} label={props.copy} />
    </div>
    <Note tone="warn" title={props.note}>
      {props.children}
    </Note>
  </Dialog>
);
