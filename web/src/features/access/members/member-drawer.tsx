import { useQuery } from "@tanstack/react-query";
import type { Member, MemberDetail } from "@wheelhouse/shared/access/members.ts";
import { useState } from "react";
import { useSession } from "#lib/api/session.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import css from "../access.module.css";
import { memberQuery } from "../queries.ts";
import type { AccessSearch } from "../search.ts";
import { MemberSessions } from "../sessions/sessions.ts";
import { AccountDialog, ChangeRoleDialog, type Membership, RemoveMemberDialog } from "./member-dialogs.tsx";
import { roleNames, signsInWith } from "./roles.ts";

type Act = { act: "role" | "remove"; membership: Membership } | { act: "account" };

/** Whether the reader may manage this membership. */
const useManages = (organization: string) => {
  const { organizations } = useSession(organization);
  return (id: string) =>
    organizations.some((one) => one.id === id && (one.role === "admin" || one.role === "superadmin"));
};

const Memberships = (props: { organization: string; member: MemberDetail; onAct: (act: Act) => void }) => {
  const manages = useManages(props.organization);
  return (
    <section>
      <h3 className={`h ${css.drawerHead}`}>Memberships</h3>
      <ul className={css.memberships}>
        {props.member.memberships.map((membership) => (
          <li key={membership.organization.id}>
            <span className="grow">
              {membership.organization.name}
              <small className="c3">
                {roleNames[membership.role]}, since <Time at={membership.joinedAt} full />
              </small>
            </span>
            {manages(membership.organization.id) && (
              <>
                <Button onClick={() => props.onAct({ act: "role", membership })}>Change role…</Button>
                <Button variant="ghost" onClick={() => props.onAct({ act: "remove", membership })}>
                  Remove…
                </Button>
              </>
            )}
          </li>
        ))}
      </ul>
      {props.member.elsewhere > 0 && (
        <p className="c3 t12">and in {props.member.elsewhere} more that you cannot see</p>
      )}
    </section>
  );
};

const factsOf = ({ user, lastActiveAt, ...how }: MemberDetail) => [
  { label: "E-mail", value: user.email },
  { label: "Sign-in method", value: signsInWith(how) },
  {
    label: "Last active",
    value:
      lastActiveAt === null ? <span className="zero">–</span> : <Age at={lastActiveAt} suffix="ago" short />,
  },
];

const AccountAct = ({ member, onAct }: { member: MemberDetail; onAct: () => void }) => {
  const refusal = member.deactivationRefusal ?? null;
  return (
    <>
      <Button
        variant={member.user.deactivatedAt === null ? "danger" : "plain"}
        disabled={refusal !== null}
        onClick={onAct}
      >
        {member.user.deactivatedAt === null ? "Deactivate account…" : "Reactivate account…"}
      </Button>
      <span className="c3 t12 grow">{refusal}</span>
    </>
  );
};

const ActDialog = (props: { organization: string; member: MemberDetail; open: Act; onClose: () => void }) => {
  const { organization, member, open, onClose } = props;
  if (open.act === "role")
    return <ChangeRoleDialog user={member.user} membership={open.membership} onClose={onClose} />;
  if (open.act === "remove")
    return <RemoveMemberDialog user={member.user} membership={open.membership} onClose={onClose} />;
  return <AccountDialog organization={organization} member={member} onClose={onClose} />;
};

/** One person: account, memberships and the available changes. */
export const MemberDrawer = (props: {
  organization: string;
  userId: string;
  members: readonly Member[];
  address: PageAddress<AccessSearch>;
  canManage: boolean;
}) => {
  const { organization, userId, members, address, canManage } = props;
  const query = useQuery(memberQuery(organization, userId));
  const [open, setOpen] = useState<Act | null>(null);
  const { member: _, ...closed } = address.search;
  const at = members.findIndex(({ user }) => user.id === userId);
  const goTo = (step: 1 | -1) => {
    const next = members[at + step];
    return at === -1 || next === undefined
      ? undefined
      : () => address.go({ ...closed, member: next.user.id }, { replace: true });
  };
  const member = query.data;
  const close = () => setOpen(null);
  const manages = useManages(organization);
  const managed = member?.memberships.find((one) => manages(one.organization.id))?.organization;
  return (
    <Drawer
      label="Member"
      title={member?.user.name ?? members[at]?.user.name ?? "Member"}
      status={
        member !== undefined &&
        (member.user.deactivatedAt === null ? (
          <Status tone="neutral" label="Active" inRow />
        ) : (
          <Status tone="paused" label="Deactivated" inRow />
        ))
      }
      position={at === -1 ? undefined : `${at + 1} of ${members.length}`}
      onPrevious={goTo(-1)}
      onNext={goTo(1)}
      onClose={() => address.go(closed)}
      footer={
        canManage && member !== undefined ? (
          <AccountAct member={member} onAct={() => setOpen({ act: "account" })} />
        ) : undefined
      }
    >
      <Panel name="The member" query={query} skeletonRows={5}>
        {(data) => (
          <>
            <Facts facts={factsOf(data)} />
            <Memberships organization={organization} member={data} onAct={setOpen} />
            {managed !== undefined && (
              <MemberSessions organization={managed.slug} userId={userId} name={data.user.name} />
            )}
          </>
        )}
      </Panel>
      {member !== undefined && open !== null && (
        <ActDialog organization={organization} member={member} open={open} onClose={close} />
      )}
    </Drawer>
  );
};
