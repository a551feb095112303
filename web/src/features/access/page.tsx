import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useMemo } from "react";
import { useCan } from "#lib/api/session.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import css from "./access.module.css";
import { LimitsSection } from "./limits/limits.ts";
import { InvitationsSection, MemberDrawer, MembersSection } from "./members/members.ts";
import { OrganizationsSection } from "./organizations/organizations.ts";
import { invitationsQuery, membersQuery, organizationsQuery, tokensQuery } from "./queries.ts";
import type { AccessSearch, AccessTab } from "./search.ts";
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

const AccessTabs = (props: { organization: string; address: PageAddress<AccessSearch>; members: string }) => {
  const { organization, address, members } = props;
  const invitations = useQuery(invitationsQuery(organization));
  const tokens = useQuery(tokensQuery(organization));
  const organizations = useQuery(organizationsQuery(organization));
  const tabs: { id: AccessTab; label: string; note: string }[] = [
    { id: "members", label: "Members", note: members },
    { id: "invitations", label: "Invitations", note: count(invitations.data) },
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
          <AccessTabs organization={organization} address={address} members={shownCount} />
          <div className={css.scroll}>
            {tab === "members" && (
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
                  <div className="holds">
                    <TokensSection {...shared} />
                  </div>
                  <div className="holds">
                    <OrganizationsSection {...shared} />
                  </div>
                </div>
              </div>
            )}
            {tab === "invitations" && <InvitationsSection {...shared} isWide />}
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
        <Empty title="You don't have access to this page">
          Ask an admin for “View access” (<span className="mono">access:read</span>). The rate limits are
          shown below.
        </Empty>
        <LimitsSection organization={org} />
      </Page>
    );
  }
  return <AccessContent organization={org} />;
};
