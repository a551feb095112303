import type { OrganizationRef } from "@wheelhouse/shared/access/access.ts";

/** Organizations as a flat tree: parents before their children, each with its depth. */
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
