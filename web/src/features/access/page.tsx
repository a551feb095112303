import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { type ComponentProps, useMemo } from "react";
import { useCan } from "#lib/api/session.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Page, Split } from "#ui/page/page.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import css from "./access.module.css";
import { LimitsSection } from "./limits/limits.ts";
import { InvitationsSection, MemberDrawer, MembersSection } from "./members/members.ts";
import { OrganizationsSection } from "./organizations/organizations.ts";
import { invitationsQuery, membersQuery, organizationsQuery, tokensQuery } from "./queries.ts";
import type { AccessSearch, AccessTab } from "./search.ts";
import { SessionsSection } from "./sessions/sessions.ts";
import { TokensSection } from "./tokens/tokens.ts";

const route = getRouteApi("/o/$org/access");

const useAddress = (organization: string): PageAddress<AccessSearch> => {
  const router = useRouter();
  const navigate = route.useNavigate();
  return {
    search: route.useSearch(),
    hrefOf: (search) =>
      router.buildLocation({ to: "/o/$org/access", params: { org: organization }, search }).publicHref,
    go: (search, { replace = false } = {}) => void navigate({ search, replace }),
  };
};

type Counted = { items: readonly unknown[]; nextCursor: string | null } | undefined;
const count = (data: Counted) =>
  data === undefined ? "" : `${data.items.length}${data.nextCursor === null ? "" : "+"}`;

const AccessTabs = (props: {
  organization: string;
  address: PageAddress<AccessSearch>;
  members: string;
  canManage: boolean;
}) => {
  const { organization, address, members, canManage } = props;
  const invitations = useQuery(invitationsQuery(organization));
  const tokens = useQuery(tokensQuery(organization));
  const organizations = useQuery(organizationsQuery(organization));
  const tabs: { id: AccessTab; label: string; note: string }[] = [
    { id: "members", label: "Members", note: members },
    { id: "invitations", label: "Invitations", note: count(invitations.data) },
    ...(canManage ? [{ id: "sessions" as const, label: "Sessions", note: "" }] : []),
    { id: "tokens", label: "API tokens", note: count(tokens.data) },
    { id: "organizations", label: "Organizations", note: count(organizations.data) },
    { id: "limits", label: "Limits", note: "" },
  ];
  const active = address.search.tab ?? "members";
  return (
    <nav className="tabs" aria-label="Access">
      {tabs.map(({ id, label, note }) => (
        <AddressLink
          key={id}
          address={address}
          to={id === "members" ? {} : { tab: id }}
          aria-current={id === active ? "page" : undefined}
        >
          {label}
          {note !== "" && <span className="n">{note}</span>}
        </AddressLink>
      ))}
    </nav>
  );
};

/** Everything at a glance: members, invitations, sessions, tokens, organizations. */
const Overview = (props: ComponentProps<typeof MembersSection>) => {
  const { organization, canManage, address, members, query } = props;
  const shared = { organization, canManage };
  return (
    <div className={css.overview}>
      <div className={css.column}>
        <div className="holds">
          <MembersSection {...shared} address={address} members={members} query={query} />
        </div>
        <div className="holds">
          <InvitationsSection {...shared} />
        </div>
      </div>
      <div className={css.column}>
        {canManage && (
          <div className="holds">
            <SessionsSection organization={organization} address={address} />
          </div>
        )}
        <div className="holds">
          <TokensSection {...shared} />
        </div>
        <div className="holds">
          <OrganizationsSection {...shared} />
        </div>
      </div>
    </div>
  );
};

const AccessContent = ({ organization }: { organization: string }) => {
  const address = useAddress(organization);
  const { tab = "members", role, q, member } = address.search;
  const canManage = useCan(organization, "access:manage");
  const query = useInfiniteQuery(membersQuery(organization, { role, q }));
  const members = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  const shared = { organization, canManage };
  const shownCount =
    query.data === undefined || q !== undefined || role !== undefined
      ? ""
      : `${members.length}${query.hasNextPage ? "+" : ""}`;
  return (
    <Page title={organizationPages.access.title}>
      <Split
        drawer={
          member !== undefined && (
            <MemberDrawer key={member} {...shared} userId={member} members={members} address={address} />
          )
        }
      >
        <div className={css.layout}>
          <AccessTabs {...shared} address={address} members={shownCount} />
          <div className={css.scroll}>
            {tab === "members" && <Overview {...shared} address={address} members={members} query={query} />}
            {tab === "invitations" && <InvitationsSection {...shared} isWide />}
            {tab === "sessions" && canManage && (
              <SessionsSection organization={organization} address={address} isWide />
            )}
            {tab === "tokens" && <TokensSection {...shared} isWide />}
            {tab === "limits" && <LimitsSection organization={organization} />}
            {tab === "organizations" && <OrganizationsSection {...shared} />}
          </div>
        </div>
      </Split>
    </Page>
  );
};

/** Members, invitations, API tokens and organizations. The URL holds the whole view. */
export const AccessPage = () => {
  const { org } = route.useParams();
  if (!useCan(org, "access:read")) {
    return (
      <Page title={organizationPages.access.title}>
        <LimitsSection organization={org} />
        <p className={`t12 c3 ${css.none}`}>
          Members, tokens and organizations are shown to those whom an admin gives “View members and tokens”.
        </p>
      </Page>
    );
  }
  return <AccessContent organization={org} />;
};
