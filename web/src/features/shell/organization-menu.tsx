import * as Menu from "@radix-ui/react-dropdown-menu";
import type { OrganizationRef, SessionView } from "@wheelhouse/shared/access/access.ts";
import { OrganizationButton } from "./buttons.tsx";
import { organizationTree } from "./organizations.ts";

const capitalize = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

/** Switches between the person's organizations. */
const OrganizationMenu = (props: {
  session: SessionView;
  onSwitch: (organization: OrganizationRef) => void;
}) => {
  const { organization, organizations } = props.session;
  return (
    <Menu.Root modal={false} defaultOpen>
      <Menu.Trigger asChild>
        <OrganizationButton session={props.session} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu org-menu" align="start" sideOffset={4} loop>
          <div className="hd">
            <span>Organizations</span>
          </div>
          {organizationTree(organizations).map(({ organization: item, depth }) => (
            <Menu.Item
              key={item.id}
              className={item.id === organization.id ? "it on" : "it"}
              textValue={item.name}
              onSelect={() => props.onSwitch(item)}
            >
              <span className="grow" style={{ paddingLeft: depth * 16 }}>
                {item.name}
              </span>
              <span className="c3 t12">{capitalize(item.role)}</span>
            </Menu.Item>
          ))}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
};

export default OrganizationMenu;
