import * as Menu from "@radix-ui/react-dropdown-menu";
import { Fragment } from "react";
import { Button } from "#ui/page/button.tsx";

export type MenuItem = {
  id: string;
  label: string;
  /** The value now, or what a key does; at the right end. */
  note?: string;
  isDestructive?: boolean;
  isDisabled?: boolean;
  /** Draws a line above it. */
  opensGroup?: boolean;
  onSelect: () => void;
};

/** Acts behind one button. */
const ActsMenu = ({ label, name, items }: { label: string; name: string; items: readonly MenuItem[] }) => (
  <Menu.Root modal={false} defaultOpen>
    <Menu.Trigger asChild>
      <Button>{label} ▾</Button>
    </Menu.Trigger>
    <Menu.Portal>
      <Menu.Content className="menu" align="end" sideOffset={4} loop aria-label={name}>
        {items.map(({ id, label: text, note, isDestructive, isDisabled, opensGroup, onSelect }) => (
          <Fragment key={id}>
            {opensGroup === true && <Menu.Separator className="menu-line" />}
            <Menu.Item
              className={isDestructive === true ? "it tx-down" : "it"}
              disabled={isDisabled === true}
              onSelect={onSelect}
            >
              <span className="grow">{text}</span>
              {note !== undefined && <span className="c3 t12">{note}</span>}
            </Menu.Item>
          </Fragment>
        ))}
      </Menu.Content>
    </Menu.Portal>
  </Menu.Root>
);
export default ActsMenu;
