import { Suspense } from "react";
import { onDemand } from "#lib/on-demand.ts";
import type { DialogProps } from "./dialog-props.ts";

// With what it needs, a tenth of a page's script.
const DialogFrame = onDemand(() => import("./dialog-frame.tsx"));

/**
 * A modal dialog. The title names action and count; `footer` holds what cannot be undone and the buttons, the
 * confirming one last. Escape and the scrim close it, focus returns to the opener.
 */
export const Dialog = (props: DialogProps) => (
  <Suspense>
    <DialogFrame
      title={props.title}
      onClose={props.onClose}
      footer={props.footer}
      look={props.look ?? "dialog"}
    >
      {props.children}
    </DialogFrame>
  </Suspense>
);
