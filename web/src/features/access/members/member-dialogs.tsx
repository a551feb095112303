import type { MemberDetail } from "@wheelhouse/shared/access/members.ts";
import type { Role } from "@wheelhouse/shared/capabilities.ts";
import { useState } from "react";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { useChangeRole, useRemoveMember, useSetAccount } from "../queries.ts";
import { useOfferedRoles } from "./invite-dialog.tsx";
import { RolePicker } from "./role-picker.tsx";
import { roleNames } from "./roles.ts";

export type Membership = MemberDetail["memberships"][number];
type Props = { user: MemberDetail["user"]; membership: Membership; onClose: () => void };

export const ChangeRoleDialog = ({ user, membership, onClose }: Props) => {
  const { organization, role: currentRole } = membership;
  const change = useChangeRole(organization.slug, user.id);
  const [role, setRole] = useState<Role>(currentRole);
  const offered = useOfferedRoles(organization.slug);
  return (
    <Dialog
      title={`Role of ${user.name} in ${organization.name}`}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">Holds from the next request; open pages follow at once.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button
            large
            variant="primary"
            disabled={change.isPending || role === currentRole}
            onClick={() => change.mutate({ role, currentRole }, { onSuccess: onClose })}
          >
            {role === currentRole ? "Change role" : `Change role to ${roleNames[role].toLowerCase()}`}
          </Button>
        </>
      }
    >
      <RolePicker value={role} offered={offered} onChange={setRole} />
      {change.error !== null && <ActError title="The role was not changed." error={change.error} />}
    </Dialog>
  );
};

export const RemoveMemberDialog = ({ user, membership, onClose }: Props) => {
  const remove = useRemoveMember(membership.organization.slug, user.id);
  return (
    <ConfirmDialog
      title={`Remove ${user.name} from ${membership.organization.name}`}
      confirm="Remove 1 member"
      foot="The account stays; a new invitation brings the person back."
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={[
          { label: "Role", value: roleNames[membership.role] },
          { label: "Then", value: "no access to this organization, from the next request; open pages close" },
        ]}
      />
    </ConfirmDialog>
  );
};

export const AccountDialog = (props: { organization: string; member: MemberDetail; onClose: () => void }) => {
  const { organization, member, onClose } = props;
  const isOpen = member.user.deactivatedAt === null;
  const set = useSetAccount(organization, member.user.id, isOpen ? "deactivate" : "reactivate");
  return (
    <ConfirmDialog
      title={isOpen ? `Deactivate ${member.user.name}` : `Reactivate ${member.user.name}`}
      confirm={isOpen ? "Deactivate 1 account" : "Reactivate 1 account"}
      foot={isOpen ? "The account can be reactivated; its sessions cannot." : "Former sessions stay ended."}
      isDestructive={isOpen}
      isBusy={set.isPending}
      error={set.error}
      onConfirm={() => set.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={[
          { label: "E-mail", value: member.user.email },
          {
            label: "Then",
            value: isOpen
              ? "nobody signs in with this account, its sessions end, its API tokens stop working"
              : "the person can sign in again, with the same memberships",
          },
        ]}
      />
    </ConfirmDialog>
  );
};
