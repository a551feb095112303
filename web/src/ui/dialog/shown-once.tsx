import type { ReactNode } from "react";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { SecretText } from "#ui/text/secret-text.tsx";
import { Dialog } from "./dialog.tsx";

/**
 * Shows a link, token or URL with its secret, which cannot be displayed again; several are shown one by one.
 */
export const ShownOnce = (props: {
  title: string;
  text: string | readonly string[];
  copy: string;
  facts: readonly { label: string; value: ReactNode }[];
  /** What to do with it, and what to do when it gets lost. */
  note: string;
  children: ReactNode;
  onClose: () => void;
}) => (
  <Dialog
    title={props.title}
    onClose={props.onClose}
    footer={
      <Button large variant="primary" onClick={props.onClose}>
        Done
      </Button>
    }
  >
    <Facts facts={props.facts} />
    {[props.text].flat().map((text) => (
      <SecretText key={text} text={text} copy={props.copy} testId="shown-once" />
    ))}
    <Note tone="warn" title={props.note}>
      {props.children}
    </Note>
  </Dialog>
);
