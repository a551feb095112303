import { type ReactNode, useEffect, useRef } from "react";
import { useKeys } from "#lib/keys.ts";

// A scrollable region must be reachable by keyboard, because it may contain nothing focusable.
const scrollable = { tabIndex: 0 };

/**
 * Details beside the list. `[` and `]` go to the neighbors, Escape closes; focus moves to the title on opening
 * and back on closing. On a phone it fills the screen.
 *
 * `position`: "3 of 12", absent when the row is not in the list. `onPrevious`, `onNext`: absent at the ends.
 */
export const Drawer = (props: {
  label: string;
  title: ReactNode;
  /** Second line: state, age, id. */
  status?: ReactNode;
  position?: string | undefined;
  onPrevious?: (() => void) | undefined;
  onNext?: (() => void) | undefined;
  onClose: () => void;
  footer?: ReactNode;
  children: ReactNode;
}) => {
  const { label, title, status, position, onPrevious, onNext, onClose, footer, children } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    heading.current?.focus({ preventScroll: true });
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);
  useKeys([
    { keys: "[", label: "Previous in the list", group: "Drawer", run: () => onPrevious?.() },
    { keys: "]", label: "Next in the list", group: "Drawer", run: () => onNext?.() },
    { keys: "Escape", label: "Close", group: "Drawer", run: onClose },
  ]);
  return (
    <aside className="drawer" aria-label={label}>
      <header>
        <div className="row">
          <h2 className="grow cut" tabIndex={-1} ref={heading}>
            {title}
          </h2>
          <span className="c3 t12 nw">
            <button
              type="button"
              className="key-btn"
              aria-label="Previous"
              disabled={!onPrevious}
              onClick={onPrevious}
            >
              [
            </button>
            <button type="button" className="key-btn" aria-label="Next" disabled={!onNext} onClick={onNext}>
              ]
            </button>
            {position}
          </span>
          <button type="button" className="x" aria-label="Close" onClick={onClose}>
            ×
          </button>
        </div>
        {status !== undefined && <div className="row t12 c2 drawer-status">{status}</div>}
      </header>
      <section className="body" aria-label="Details" {...scrollable}>
        {children}
      </section>
      {footer !== undefined && <footer>{footer}</footer>}
    </aside>
  );
};
