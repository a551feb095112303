import type { SessionView } from "@wheelhouse/shared/access/access.ts";
import type { ComponentProps } from "react";

type Props = ComponentProps<"button"> & { session: SessionView };
const initialOf = (name: string): string => name.slice(0, 1).toUpperCase();

/** Button of the organization menu, named after the active organization. */
export const OrganizationButton = ({ session, ...rest }: Props) => {
  const { organization, organizations } = session;
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
  return (
    <button type="button" className="org" {...rest}>
      <span className="mark" aria-hidden="true">
        {initialOf(organization.name)}
      </span>
      <span className="vh">Switch organization, now</span>
      <span className="org-name">
        <b className="cut">{organization.name}</b>
        <small className="cut">{detail}</small>
      </span>
      <span className="chev" aria-hidden="true">
        ▾
      </span>
    </button>
  );
};

const initials = (name: string): string =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.slice(0, 1).toUpperCase())
    .join("");

/** Button of the account menu with the signed-in person and their role here. */
export const UserButton = ({ session, ...rest }: Props) => {
  const { user, organization } = session;
  return (
    <button type="button" className="who" {...rest}>
      <span className="avatar" aria-hidden="true">
        {initials(user.name)}
      </span>
      <span className="vh">Account menu of</span>
      <span className="org-name">
        <span className="cut">{user.name}</span>
        <small>{organization.role.slice(0, 1).toUpperCase() + organization.role.slice(1)}</small>
      </span>
    </button>
  );
};
