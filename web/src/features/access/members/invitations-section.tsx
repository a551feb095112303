import { useQuery } from "@tanstack/react-query";
import type { Invitation } from "@wheelhouse/shared/access/members.ts";
import { useState } from "react";
import { formatPlural, formatSpanShort } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import css from "../access.module.css";
import { invitationsQuery, useRenewInvitation, useWithdrawInvitation } from "../queries.ts";
import { InvitationLinkOnce } from "./invite-dialog.tsx";
import { roleNames } from "./roles.ts";

type Act = { act: "renew" | "withdraw"; invitation: Invitation };
const soonMs = 24 * 3_600_000;

const Ends = ({ at }: { at: string }) => {
  const leftMs = Date.parse(at) - useNow();
  if (leftMs <= 0) return <span className="tx-warn">expired</span>;
  return <span className={leftMs < soonMs ? "tx-warn" : ""}>expires in {formatSpanShort(leftMs)}</span>;
};

const byWhom: Column<Invitation> = {
  id: "by",
  header: "By",
  className: "cut c2",
  cell: ({ invitedBy, createdAt, openedAt }) => (
    <span className="two">
      <span>
        {invitedBy}, <Age at={createdAt} suffix="ago" short />
      </span>
      <small className="c3">{openedAt === null ? "not opened" : <OpenedAt at={openedAt} />}</small>
    </span>
  ),
};

const columnsOf = (onAct: ((act: Act) => void) | null, isWide: boolean): Column<Invitation>[] => [
  { id: "email", header: "Invited", card: "title", className: "cut", cell: ({ email }) => <b>{email}</b> },
  {
    id: "role",
    header: "Role",
    card: "detail",
    className: `cut c2 ${css.colRole}`,
    cell: ({ role, organization }) => `${roleNames[role]}, ${organization.name}`,
  },
  ...(isWide ? [byWhom] : []),
  {
    id: "ends",
    header: "Expires",
    card: "age",
    className: `c2 ${css.colEnds}`,
    cell: ({ expiresAt }) => <Ends at={expiresAt} />,
  },
  ...(onAct === null
    ? []
    : [
        {
          id: "acts",
          header: <span className="vh">Actions</span>,
          num: true,
          card: "badge" as const,
          className: css.colActs,
          cell: (invitation: Invitation) => (
            <>
              <Button variant="ghost" onClick={() => onAct({ act: "renew", invitation })}>
                New link…
              </Button>
              <Button variant="ghost" onClick={() => onAct({ act: "withdraw", invitation })}>
                Withdraw…
              </Button>
            </>
          ),
        },
      ]),
];

const OpenedAt = ({ at }: { at: string }) => (
  <>
    opened <Age at={at} suffix="ago" short />
  </>
);

const factsOf = (invitation: Invitation, then: string) => [
  { label: "Role", value: `${roleNames[invitation.role]} in ${invitation.organization.name}` },
  { label: "Expires", value: <Time at={invitation.expiresAt} full /> },
  { label: "Effect", value: then },
];

const RenewDialog = ({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) => {
  const renew = useRenewInvitation(invitation.organization.slug, invitation.id);
  if (renew.data !== undefined) return <InvitationLinkOnce link={renew.data} onClose={onClose} />;
  return (
    <ConfirmDialog
      title={`New link for ${invitation.email}`}
      confirm="Create new link"
      foot="The previous link stops working."
      isBusy={renew.isPending}
      error={renew.error}
      onConfirm={() => renew.mutate(undefined)}
      onClose={onClose}
    >
      <Facts
        facts={factsOf(invitation, "creates a link that works once within 7 days and is shown only once")}
      />
    </ConfirmDialog>
  );
};

const WithdrawDialog = ({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) => {
  const withdraw = useWithdrawInvitation(invitation.organization.slug, invitation.id);
  return (
    <ConfirmDialog
      title={`Withdraw the invitation of ${invitation.email}`}
      confirm="Withdraw invitation"
      foot="You can invite this person again."
      isDestructive
      isBusy={withdraw.isPending}
      error={withdraw.error}
      onConfirm={() => withdraw.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts facts={factsOf(invitation, "the link stops working immediately")} />
    </ConfirmDialog>
  );
};

/** Invitations that nobody has accepted yet. */
export const InvitationsSection = (props: { organization: string; canManage: boolean; isWide?: boolean }) => {
  const query = useQuery(invitationsQuery(props.organization));
  const [open, setOpen] = useState<Act | null>(null);
  const rows = query.data?.items ?? [];
  return (
    <section aria-label="Invitations">
      <div className={css.head}>
        <h2 className="h">Invitations</h2>
        <span className="t12 c3 grow">
          {rows.length === 0
            ? ""
            : `${formatPlural(rows.length, "open link")}, each works once within 7 days`}
        </span>
      </div>
      <Panel
        name="Invitations"
        query={query}
        skeletonRows={2}
        isEmpty={() => rows.length === 0}
        empty={<p className={`c2 ${css.none}`}>No open invitations.</p>}
      >
        {() => (
          <Table
            caption="Invitations"
            className={`cards ${css.invitations}`}
            columns={columnsOf(props.canManage ? setOpen : null, props.isWide ?? false)}
            rows={rows}
            keyOf={({ id }) => id}
          />
        )}
      </Panel>
      {open?.act === "renew" && <RenewDialog invitation={open.invitation} onClose={() => setOpen(null)} />}
      {open?.act === "withdraw" && (
        <WithdrawDialog invitation={open.invitation} onClose={() => setOpen(null)} />
      )}
    </section>
  );
};
