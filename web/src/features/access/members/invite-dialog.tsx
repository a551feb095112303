import type { InvitationLink } from "@wheelhouse/shared/access/members.ts";
import { grantableRoles, type Role } from "@wheelhouse/shared/capabilities.ts";
import { useState } from "react";
import { useSession } from "#lib/api/session.ts";
import { publicAddress } from "#lib/base-path.ts";
import { ShownOnce } from "#ui/dialog/shown-once.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Time } from "#ui/text/time.tsx";
import { useInvite } from "../queries.ts";
import { RolePicker } from "./role-picker.tsx";
import { roleNames } from "./roles.ts";

/** Roles that the signed-in person may assign in the organization. */
export const useOfferedRoles = (organization: string): readonly Role[] => {
  const { organization: here } = useSession(organization);
  const offered = grantableRoles[here.role];
  return here.slug === "platform" ? offered : offered.filter((role) => role !== "superadmin");
};

/** Shows an invitation link; it cannot be displayed again. */
export const InvitationLinkOnce = ({ link, onClose }: { link: InvitationLink; onClose: () => void }) => (
  <ShownOnce
    title={`Link for ${link.email}`}
    text={publicAddress(link.path)}
    copy="Copy link"
    facts={[
      { label: "Role", value: `${roleNames[link.role]} in ${link.organization.name}` },
      { label: "Expires", value: <Time at={link.expiresAt} full /> },
    ]}
    note={link.isMailed ? `Sent to ${link.email}.` : "Copy the link now."}
    onClose={onClose}
  >
    It works once and will not be shown again. If it gets lost, create a new link.
  </ShownOnce>
);

/** Invites a person. Without a mail server, the inviter passes on the link. */
export const InviteDialog = ({ organization, onClose }: { organization: string; onClose: () => void }) => {
  const { organization: here } = useSession(organization);
  const invite = useInvite(organization);
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const offered = useOfferedRoles(organization);
  if (invite.data !== undefined) return <InvitationLinkOnce link={invite.data} onClose={onClose} />;
  return (
    <FormDialog
      title={`Invite to ${here.name}`}
      confirm="Invite"
      foot="The link works once within 7 days."
      failure="The invitation was not created."
      fields={["email"]}
      error={invite.error}
      isReady={email.trim() !== ""}
      isBusy={invite.isPending}
      onSubmit={() => invite.mutate({ email: email.trim(), role })}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <FormField label="E-mail" error={complaint("email")}>
            {(control) => (
              <input
                {...control}
                className="field"
                type="email"
                maxLength={254}
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            )}
          </FormField>
          <RolePicker value={role} offered={offered} onChange={setRole} />
        </>
      )}
    </FormDialog>
  );
};
