import type { InvitationLink } from "@wheelhouse/shared/access-members.ts";
import { grantableRoles, type Role } from "@wheelhouse/shared/capabilities.ts";
import { useState } from "react";
import { useSession } from "#lib/session.ts";
import { Button } from "#ui/button.tsx";
import { ActError } from "#ui/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form-field.tsx";
import { Time } from "#ui/time.tsx";
import css from "./access.module.css";
import { ShownOnce } from "./access-link-once.tsx";
import { useInvite } from "./access-queries.ts";
import { RolePicker } from "./access-role-picker.tsx";
import { roleNames } from "./access-roles.ts";

/** Roles that the signed-in person may give in the organization. */
export const useOfferedRoles = (organization: string): readonly Role[] => {
  const { organization: here } = useSession(organization);
  const offered = grantableRoles[here.role];
  return here.slug === "platform" ? offered : offered.filter((role) => role !== "superadmin");
};

/** Shows an invitation's link for the only time. */
export const InvitationLinkOnce = ({ link, onClose }: { link: InvitationLink; onClose: () => void }) => (
  <ShownOnce
    title={`Link for ${link.email}`}
    text={`${window.location.origin}${link.path}`}
    copy="Copy link"
    facts={[
      { label: "Role", value: `${roleNames[link.role]} in ${link.organization.name}` },
      { label: "Works until", value: <Time at={link.expiresAt} full /> },
    ]}
    note="Hand the link over now."
    onClose={onClose}
  >
    It works once and is not shown again; a lost one is replaced by a new link.
  </ShownOnce>
);

/** Invites a person; Wheelhouse sends no mail, so the link is handed over by who invites. */
export const InviteDialog = ({ organization, onClose }: { organization: string; onClose: () => void }) => {
  const { organization: here } = useSession(organization);
  const invite = useInvite(organization);
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const errors = fieldErrors(invite.error);
  const offered = useOfferedRoles(organization);
  if (invite.data !== undefined) return <InvitationLinkOnce link={invite.data} onClose={onClose} />;
  return (
    <Dialog
      title={`Invite to ${here.name}`}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">The link works once within 7 d.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button
            large
            variant="primary"
            type="submit"
            form="invite"
            disabled={invite.isPending || email.trim() === ""}
          >
            Invite 1 person
          </Button>
        </>
      }
    >
      <form
        id="invite"
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          invite.mutate({ email: email.trim(), role });
        }}
      >
        <FormField label="E-mail" error={errors.get("email")}>
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
      </form>
      {invite.error !== null && errors.size === 0 && (
        <ActError title="Nobody was invited." error={invite.error} />
      )}
    </Dialog>
  );
};
