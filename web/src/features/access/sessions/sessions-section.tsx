import { useInfiniteQuery } from "@tanstack/react-query";
import type { OrganizationSession } from "@wheelhouse/shared/access/sessions.ts";
import { useState } from "react";
import { formatCount, formatSpanShort } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "../access.module.css";
import type { AccessSearch } from "../search.ts";
import { deviceOf } from "./device.ts";
import { organizationSessionsQuery, useEndOfMember } from "./member-session-queries.ts";

const shownBesides = 6;
const placeOf = ({ userAgent, address }: OrganizationSession): string =>
  `${deviceOf(userAgent)} · ${address ?? "unknown address"}`;

const signedIn: Column<OrganizationSession> = {
  id: "since",
  header: "Signed in",
  drop: "first",
  className: `c2 ${css.colAge}`,
  cell: ({ createdAt, signedInBy }) => (
    <>
      <Age at={createdAt} suffix="ago" short />
      {signedInBy === "oidc" && " with single sign-on"}
    </>
  ),
};

const columnsOf = (
  onRevoke: (session: OrganizationSession) => void,
  isWide: boolean,
): Column<OrganizationSession>[] => [
  {
    id: "device",
    header: "Member, device",
    card: "title",
    className: "cut",
    cell: (session) => (
      <span className="two">
        <span className="cut">
          <b>{session.user.name}</b>
          {session.current && <span className="c2"> · this session</span>}
        </span>
        <small className="cut c3" title={session.userAgent ?? undefined}>
          {placeOf(session)}
        </small>
      </span>
    ),
  },
  ...(isWide ? [signedIn] : []),
  {
    id: "seen",
    header: "Active",
    num: true,
    card: "age",
    className: `c2 ${css.colActive}`,
    cell: ({ lastSeenAt }) => <Age at={lastSeenAt} suffix="ago" short />,
  },
  {
    id: "acts",
    header: <span className="vh">Actions</span>,
    num: true,
    card: "badge",
    className: css.colAct,
    cell: (session) =>
      session.current ? null : (
        <Button
          variant="ghost"
          aria-label={`Revoke the session of ${session.user.name} on ${placeOf(session)}`}
          onClick={() => onRevoke(session)}
        >
          Revoke…
        </Button>
      ),
  },
];

const RevokeDialog = (props: { organization: string; session: OrganizationSession; onClose: () => void }) => {
  const { organization, session, onClose } = props;
  const end = useEndOfMember(organization, session.user.id);
  return (
    <ConfirmDialog
      title={`Revoke a session of ${session.user.name}`}
      confirm="Revoke session"
      foot="Open pages close within a second; unsaved changes are lost."
      isDestructive
      isBusy={end.isPending}
      error={end.error}
      onConfirm={() => end.mutate(session.id, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={[
          { label: "Device", value: placeOf(session) },
          { label: "Signed in", value: <Age at={session.createdAt} suffix="ago" /> },
          { label: "Effect", value: "this person has to sign in again; account and memberships remain" },
        ]}
      />
    </ConfirmDialog>
  );
};

/** Where the organization's members are signed in, for those who may revoke a session. */
export const SessionsSection = (props: {
  organization: string;
  address: PageAddress<AccessSearch>;
  isWide?: boolean;
}) => {
  const { organization, address, isWide = false } = props;
  const query = useInfiniteQuery(organizationSessionsQuery(organization));
  const [revoking, setRevoking] = useState<OrganizationSession | null>(null);
  const loaded = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const rows = isWide ? loaded : loaded.slice(0, shownBesides);
  const first = query.data?.pages[0];
  return (
    <section aria-label="Sessions">
      <div className={css.head}>
        <h2 className="h">Sessions</h2>
        <span className="t12 c3 grow">
          {first !== undefined &&
            `${formatCount(first.total)}, each ends after ${formatSpanShort(first.idleMinutes * 60_000)} unused`}
        </span>
        {!isWide && loaded.length > shownBesides && (
          <AddressLink className="link" address={address} to={{ tab: "sessions" }}>
            Show all
          </AddressLink>
        )}
      </div>
      <Panel
        name="Sessions"
        query={query}
        skeletonRows={3}
        isEmpty={() => loaded.length === 0}
        empty={<p className={`c2 ${css.none}`}>No member is signed in.</p>}
      >
        {() => (
          <Table
            caption="Sessions, newest sign-in first"
            className={`cards ${css.sessions}`}
            columns={columnsOf(setRevoking, isWide)}
            rows={rows}
            keyOf={({ id }) => id}
          />
        )}
      </Panel>
      {isWide && query.hasNextPage && (
        <div className={css.more}>
          <Button disabled={query.isFetching} onClick={() => void query.fetchNextPage()}>
            Show older sessions
          </Button>
        </div>
      )}
      {revoking !== null && (
        <RevokeDialog organization={organization} session={revoking} onClose={() => setRevoking(null)} />
      )}
    </section>
  );
};
