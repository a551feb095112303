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
          <span className="c3 t12 grow">
            Takes effect with the next request; open pages update immediately.
          </span>
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
      confirm="Remove member"
      foot="The account remains; you can invite this person again."
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={[
          { label: "Role", value: roleNames[membership.role] },
          {
            label: "Effect",
            value: "loses access to this organization with the next request; open pages close",
          },
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
      confirm={isOpen ? "Deactivate account" : "Reactivate account"}
      foot={
        isOpen ? "You can reactivate the account, but not its sessions." : "Ended sessions are not restored."
      }
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
            label: "Effect",
            value: isOpen
              ? "this account can no longer sign in, its sessions end, and its API tokens stop working"
              : "this person can sign in again with the same memberships",
          },
        ]}
      />
    </ConfirmDialog>
  );
};
