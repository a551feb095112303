import * as Radix from "@radix-ui/react-dialog";
import type { DialogProps } from "./dialog-props.ts";

/**
 * Radix's own overlay is not used: to lock scrolling, which this frame does not need, it adds a style element that the
 * content security policy forbids.
 */
const DialogFrame = (props: DialogProps) => {
  const { title, onClose, footer, children, look = "dialog" } = props;
  return (
    <Radix.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Radix.Portal>
        <div className={look === "palette" ? "scrim top-scrim" : "scrim"}>
          <Radix.Content
            className={look === "palette" ? "dialog palette" : "dialog"}
            aria-describedby={undefined}
            aria-modal="true"
          >
            {look === "palette" ? (
              <Radix.Title className="vh">{title}</Radix.Title>
            ) : (
              <header>
                <Radix.Title>{title}</Radix.Title>
              </header>
            )}
            {look === "palette" ? children : <div className="body">{children}</div>}
            {footer !== undefined && <footer>{footer}</footer>}
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
};

export default DialogFrame;
