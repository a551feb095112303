import * as Menu from "@radix-ui/react-dropdown-menu";
import type { OrganizationRef, SessionView } from "@wheelhouse/shared/access.ts";

const initialOf = (name: string): string => name.slice(0, 1).toUpperCase();

/** Organizations as a tree: parents before their children, with the depth of each. */
export const organizationTree = (
  organizations: readonly OrganizationRef[],
): { organization: OrganizationRef; depth: number }[] => {
  const known = new Set(organizations.map(({ id }) => id));
  const below = (
    parentId: string | null,
    depth: number,
  ): { organization: OrganizationRef; depth: number }[] =>
    organizations
      .filter((item) =>
        parentId === null ? item.parentId === null || !known.has(item.parentId) : item.parentId === parentId,
      )
      .sort((a, b) => a.name.localeCompare(b.name))
      .flatMap((organization) => [
        { organization, depth },
        ...(depth < 5 ? below(organization.id, depth + 1) : []),
      ]);
  return below(null, 0);
};

const capitalize = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

/** Names the active organization and switches to another one of the person's. */
export const OrganizationMenu = (props: {
  session: SessionView;
  onSwitch: (organization: OrganizationRef) => void;
}) => {
  const { organization, organizations } = props.session;
  const parent = organizations.find(({ id }) => id === organization.parentId);
  const children = organizations.filter(({ parentId }) => parentId === organization.id);
  const detail =
    parent !== undefined
      ? `in ${parent.name}`
      : children.length === 1
        ? `and ${children[0]?.name}`
        : children.length > 1
          ? `and ${children.length} below`
          : organization.slug;
  const button = (
    <button type="button" className="org" aria-label={`Organization ${organization.name}, switch`}>
      <span className="mark">{initialOf(organization.name)}</span>
      <span className="org-name">
        <b className="cut">{organization.name}</b>
        <small className="cut">{detail}</small>
      </span>
      <span className="chev">▾</span>
    </button>
  );
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger asChild>{button}</Menu.Trigger>
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
