import { capabilitiesOf, type Role } from "@wheelhouse/shared/capabilities.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { MembersStore } from "../member-store.ts";
import type { AdmissionOffice, Rights } from "../sessions/sessions.ts";
import type { OrganizationTree } from "../tree.ts";

type Held = { userId: string; organizationId: string; role: Role };

/**
 * Rules for changing another person's permissions: nobody grants or revokes a role that their own role cannot
 * grant, nobody extends their own permissions, and a root organization keeps its last administrator.
 */
export function createAuthority({
  admission,
  members,
}: {
  admission: Pick<AdmissionOffice, "standing">;
  members: Pick<MembersStore, "otherAdmins">;
}) {
  function demandGrantable(context: RequestContext, role: Role) {
    const { rights } = admission.standing(context);
    if (!rights.grantableIn(context.organization.id).includes(role))
      throw new AppError("forbidden", `Your role here cannot grant or revoke the role ${role}.`);
  }

  async function demandSuccessor(held: Held, tree: OrganizationTree, next: Role | null) {
    const leading = held.role === "admin" || held.role === "superadmin" ? held.role : undefined;
    const organization = tree.byId(held.organizationId);
    if (!leading || next === leading || !organization || organization.parentId !== null) return;
    if ((await members.otherAdmins(organization.id, leading, held.userId)) > 0) return;
    throw new AppError(
      "conflict",
      `This is the last ${leading} of ${organization.name}. Give the role to someone else first.`,
    );
  }

  return {
    demandGrantable,

    /**
     * @param next role after the change, null to remove the membership.
     * @throws AppError `forbidden` or `conflict`.
     */
    async demandChange(context: RequestContext, held: Held, next: Role | null) {
      demandGrantable(context, held.role);
      if (next) {
        demandGrantable(context, next);
        const more = capabilitiesOf[next].some(
          (capability) => !capabilitiesOf[held.role].includes(capability),
        );
        if (context.actor.id === held.userId && more)
          throw new AppError("forbidden", "You cannot give yourself more permissions. Ask another admin.");
      }
      await demandSuccessor(held, admission.standing(context).tree, next);
    },

    /**
     * Why the caller may not deactivate or reactivate an account with these memberships; null if they may.
     */
    async accountRefusal(
      context: RequestContext,
      userId: string,
      memberships: readonly Held[],
      act: "deactivate" | "reactivate",
    ): Promise<string | null> {
      const { rights, tree } = admission.standing(context);
      if (context.actor.id === userId) return "You cannot deactivate your own account. Ask another admin.";
      if (!memberships.every((held) => administers(rights, held)))
        return "This person also has a role elsewhere that you do not administer. Remove the membership instead.";
      if (act === "reactivate") return null;
      for (const held of memberships)
        try {
          await demandSuccessor(held, tree, null);
        } catch (error) {
          if (error instanceof AppError) return error.message;
          throw error;
        }
      return null;
    },
  };
}
export type Authority = ReturnType<typeof createAuthority>;

const administers = (rights: Rights, { organizationId, role }: Held) =>
  rights.allows(organizationId, "access:manage") && rights.grantableIn(organizationId).includes(role);
