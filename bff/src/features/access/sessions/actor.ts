import {
  type Capability,
  capabilities,
  capabilitiesOf,
  grantableRoles,
  inheritedRoles,
  type Role,
  roles,
} from "@wheelhouse/shared/capabilities.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import type { Organization, OrganizationTree } from "../tree.ts";

export type Membership = { organizationId: string; role: Role };

// Order in which the most telling of several roles is displayed.
const strongest: readonly Role[] = ["superadmin", "admin", "auditor", "operator", "viewer"];

/** The capabilities of a set of memberships in each organization, including inheritance. */
export function createRights(memberships: readonly Membership[], tree: OrganizationTree) {
  const given = new Map(memberships.map(({ organizationId, role }) => [organizationId, role]));
  const everywhere = given.get(platformOrganization.id) === "superadmin";

  function rolesIn(organizationId: string): Role[] {
    const lineage = tree.lineage(organizationId);
    if (lineage.length === 0) return [];
    const held = new Set<Role>(everywhere ? ["superadmin"] : []);
    for (const [distance, organization] of lineage.entries()) {
      const role = given.get(organization.id);
      if (role && (distance === 0 || inheritedRoles.includes(role))) held.add(role);
    }
    return roles.filter((role) => held.has(role));
  }

  const allows = (organizationId: string, capability: Capability) =>
    rolesIn(organizationId).some((role) => capabilitiesOf[role].includes(capability));

  return {
    allows,
    /** The displayed role; undefined if the person is not a member. */
    roleIn: (organizationId: string): Role | undefined => {
      const held = rolesIn(organizationId);
      return strongest.find((role) => held.includes(role));
    },
    capabilitiesIn: (organizationId: string): Capability[] =>
      capabilities.filter((capability) => allows(organizationId, capability)),
    /** Roles that the person may grant and revoke there. */
    grantableIn: (organizationId: string): Role[] =>
      rolesIn(organizationId)
        .flatMap((role) => grantableRoles[role])
        .filter((role) => role !== "superadmin" || organizationId === platformOrganization.id),
    /**
     * All organizations in which the person has a role: direct ones first, each followed by its
     * sub-organizations.
     */
    organizations(): Organization[] {
      if (everywhere) return [...tree.all()];
      const reached = new Map<string, Organization>();
      for (const { organizationId } of memberships)
        for (const organization of tree.subtree(organizationId))
          if (rolesIn(organization.id).length > 0) reached.set(organization.id, organization);
      return [...reached.values()];
    },
  };
}
export type Rights = ReturnType<typeof createRights>;
