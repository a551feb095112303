import type { Member } from "@wheelhouse/shared/access/members.ts";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Select } from "#ui/form/select.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "../access.module.css";
import type { AccessSearch } from "../search.ts";
import { InviteDialog } from "./invite-dialog.tsx";
import { roleMeanings, roleNames, rolesByStrength, signsInWith } from "./roles.ts";

const columns: Column<Member>[] = [
  {
    id: "member",
    header: "Member",
    card: "title",
    className: "cut",
    cell: ({ user }) => (
      <>
        <b>{user.name}</b> <span className="c3 t12">{user.email}</span>
        {user.deactivatedAt !== null && <span className={`tx-warn t12 ${css.mark}`}>deactivated</span>}
      </>
    ),
  },
  {
    id: "organization",
    header: "Organization",
    card: "detail",
    className: `cut c2 ${css.colOrganization}`,
    cell: ({ organization, role, inherited }) =>
      role === "superadmin" ? "all" : `${organization.name}${inherited ? ", inherited" : ""}`,
  },
  {
    id: "with",
    header: "Sign-in method",
    className: `c2 ${css.colWith}`,
    cell: signsInWith,
  },
  {
    id: "active",
    header: "Last active",
    num: true,
    card: "age",
    className: `c2 ${css.colActive}`,
    cell: ({ lastActiveAt }) =>
      lastActiveAt === null ? (
        <span className="zero">never</span>
      ) : (
        <Age at={lastActiveAt} suffix="ago" short />
      ),
  },
];

const groupOf = ({ role }: Member): string => role;
const rowKey = ({ user, organization }: Member): string => `${user.id} ${organization.id}`;
const rowClass = ({ user }: Member): string => (user.deactivatedAt === null ? "" : "quiet");

const MemberFilter = ({ address }: { address: PageAddress<AccessSearch> }) => {
  const { search } = address;
  return (
    <search className={css.filter}>
      <input
        className="field"
        type="search"
        aria-label="Find a member by name or e-mail"
        placeholder="Find by name or e-mail"
        defaultValue={search.q ?? ""}
        maxLength={100}
        onChange={({ target }) =>
          address.go({ ...search, q: target.value.trim() || undefined }, { replace: true })
        }
      />
      <Select
        className="field"
        aria-label="Role"
        value={search.role ?? ""}
        onChange={({ target }) =>
          address.go({ ...search, role: rolesByStrength.find((role) => role === target.value) })
        }
      >
        <option value="">All roles</option>
        {rolesByStrength.map((role) => (
          <option key={role} value={role}>
            {roleNames[role]}
          </option>
        ))}
      </Select>
    </search>
  );
};

const MemberTable = (props: {
  address: PageAddress<AccessSearch>;
  members: readonly Member[];
  query: PanelQuery<unknown>;
}) => {
  const { address, members, query } = props;
  const { search } = address;
  const isFiltered = search.q !== undefined || search.role !== undefined;
  const open = members.find(({ user }) => user.id === search.member);
  return (
    <Panel
      name="Members"
      query={query}
      isEmpty={() => members.length === 0}
      empty={
        <Empty title={isFiltered ? "No member matches" : "No members yet"}>
          {isFiltered ? "Change the search or the role." : "Invite the first member."}
        </Empty>
      }
    >
      {() => (
        <Table
          caption="Members by role"
          className={`cards ${css.members}`}
          columns={columns}
          rows={members}
          keyOf={rowKey}
          rowClass={rowClass}
          groupOf={groupOf}
          groupHead={(_, { role }) => (
            <>
              <b>{roleNames[role]}</b>{" "}
              <span className="c3">{members.filter((member) => member.role === role).length}</span>
              <span className={`c3 t12 ${css.meaning}`}>{roleMeanings[role]}</span>
            </>
          )}
          openKey={open === undefined ? undefined : rowKey(open)}
          hrefOf={(key) => address.hrefOf({ ...search, member: key.split(" ")[0] })}
          onOpen={(key) => address.go({ ...search, member: key.split(" ")[0] })}
        />
      )}
    </Panel>
  );
};

/** Members under their role, strongest first. */
export const MembersSection = (props: {
  organization: string;
  address: PageAddress<AccessSearch>;
  members: readonly Member[];
  query: PanelQuery<unknown> & { hasNextPage: boolean; fetchNextPage: () => unknown };
  canManage: boolean;
}) => {
  const { organization, address, members, query, canManage } = props;
  const [isInviting, setIsInviting] = useState(false);
  const count = `${members.length}${query.hasNextPage ? "+" : ""}`;
  const organizations = new Set(members.map((member) => member.organization.id)).size;
  return (
    <section aria-label="Members">
      <div className={css.head}>
        <h2 className="h">Members by role</h2>
        <span className="t12 c3 grow">
          {query.data === undefined ? "" : `${count} in ${formatPlural(organizations, "organization")}`}
        </span>
        {canManage && (
          <Button variant="primary" onClick={() => setIsInviting(true)}>
            Invite…
          </Button>
        )}
      </div>
      <MemberFilter address={address} />
      <MemberTable address={address} members={members} query={query} />
      {query.hasNextPage && (
        <div className={css.more}>
          <Button disabled={query.isFetching} onClick={() => void query.fetchNextPage()}>
            Show more members
          </Button>
        </div>
      )}
      {isInviting && <InviteDialog organization={organization} onClose={() => setIsInviting(false)} />}
    </section>
  );
};
