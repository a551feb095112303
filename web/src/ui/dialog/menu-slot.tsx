import { type ComponentProps, type ReactNode, Suspense, useState } from "react";

/** Events of the button that stands for a menu until the menu is wanted. */
export type MenuOpener = Pick<
  ComponentProps<"button">,
  "onClick" | "onKeyDown" | "aria-haspopup" | "aria-expanded"
>;

/**
 * A menu whose script is not part of the first load: until it is opened, only its button is there. The menu itself
 * opens as soon as it is rendered.
 */
export const MenuSlot = (props: { button: (opener: MenuOpener) => ReactNode; children: ReactNode }) => {
  const [isWanted, setWanted] = useState(false);
  const open = () => setWanted(true);
  const button = props.button({
    "aria-haspopup": "menu",
    "aria-expanded": false,
    onClick: open,
    onKeyDown: ({ key }) => {
      if (key === "ArrowDown") open();
    },
  });
  return isWanted ? <Suspense fallback={button}>{props.children}</Suspense> : button;
};
