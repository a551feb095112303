import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Page } from "#ui/page/page.tsx";
import { Empty } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { activeTab, countedFilter, deadLetters } from "./deliveries/deliveries.ts";
import { EndpointsTab, SourcesTab } from "./directory/directory.ts";
import { EventsTab, EventViews } from "./events/events.ts";
import { DeliveriesTab } from "./log/log.ts";
import { deliverySummaryQuery, endpointsQuery, sourcesQuery } from "./queries.ts";
import { RefusedTab } from "./refusals/refusals.ts";
import { ReplaysTab, replaysSummaryQuery } from "./replays/replays.ts";
import type { WebhooksSearch } from "./search.ts";
import { StatisticsTab } from "./statistics/statistics.ts";
import css from "./webhooks.module.css";

const route = getRouteApi("/o/$org/webhooks");

const countEveryMs = 10_000;

const useAddress = (organization: string): PageAddress<WebhooksSearch> => {
  const router = useRouter();
  const navigate = route.useNavigate();
  return {
    search: route.useSearch(),
    hrefOf: (search) =>
      router.buildLocation({ to: "/o/$org/webhooks", params: { org: organization }, search }).publicHref,
    go: (search, { replace = false } = {}) => void navigate({ search, replace }),
  };
};

const countWords = (data: { items: unknown[]; nextCursor: string | null } | undefined) =>
  data === undefined ? "" : `${data.items.length}${data.nextCursor === null ? "" : "+"}`;

/** What the tabs count. `dead`: undefined until it is known. */
const useCounts = (organization: string) => {
  const summary = useQuery({
    ...deliverySummaryQuery(organization, countedFilter(deadLetters, useMinute())),
    refetchInterval: countEveryMs,
  });
  const endpoints = useQuery(endpointsQuery(organization));
  const sources = useQuery(sourcesQuery(organization));
  const replays = useQuery(replaysSummaryQuery(organization));
  return {
    dead: summary.data?.counts.dead_letter,
    going: replays.data?.items.filter(({ state }) => state === "running").length ?? 0,
    endpoints: countWords(endpoints.data),
    sources: countWords(sources.data),
  };
};

const WebhooksTabs = ({
  organization,
  address,
}: {
  organization: string;
  address: PageAddress<WebhooksSearch>;
}) => {
  const active = activeTab(address.search);
  const shown = active === "refused" ? "events" : active;
  const { dead, going, endpoints, sources } = useCounts(organization);
  const tabs = [
    { id: "deliveries", label: "Deliveries", to: {}, note: "", warn: false },
    { id: "events", label: "Events", to: { tab: "events" as const }, note: "", warn: false },
    {
      id: "dead",
      label: "Dead letters",
      to: deadLetters,
      note: dead === undefined ? "" : formatCount(dead),
      warn: (dead ?? 0) > 0,
    },
    {
      id: "replays",
      label: "Replay runs",
      to: { tab: "replays" as const },
      note: going > 0 ? `${going} running` : "",
      warn: false,
    },
    {
      id: "endpoints",
      label: "Endpoints",
      to: { tab: "endpoints" as const },
      note: endpoints,
      warn: false,
    },
    {
      id: "sources",
      label: "Sources",
      to: { tab: "sources" as const },
      note: sources,
      warn: false,
    },
    {
      id: "statistics",
      label: "Statistics",
      to: { tab: "statistics" as const },
      note: "",
      warn: false,
    },
  ];
  return (
    <nav className="tabs" aria-label="Webhooks">
      {tabs.map(({ id, label, to, note, warn }) => (
        <AddressLink key={id} address={address} to={to} aria-current={id === shown ? "page" : undefined}>
          {label}
          {note !== "" && <span className={warn ? "n warn" : "n"}>{note}</span>}
        </AddressLink>
      ))}
    </nav>
  );
};

/** Delivery log, dead letters, endpoints and sources of one organization. The URL holds the whole view. */
export const WebhooksPage = () => {
  const { org } = route.useParams();
  const address = useAddress(org);
  const tab = activeTab(address.search);
  if (!useCan(org, "webhooks:read")) {
    return (
      <Page title={organizationPages.webhooks.title}>
        <Empty title="You don't have access to this page">Ask an admin for “View webhooks”.</Empty>
      </Page>
    );
  }
  const tabs = <WebhooksTabs organization={org} address={address} />;
  if (tab === "deliveries" || tab === "dead") {
    return <DeliveriesTab organization={org} address={address} tabs={tabs} />;
  }
  if (tab === "events") {
    return <EventsTab organization={org} address={address} tabs={tabs} />;
  }
  if (tab === "sources" || tab === "endpoints") {
    const Directory = tab === "sources" ? SourcesTab : EndpointsTab;
    return (
      <Page title={organizationPages.webhooks.title}>
        <div className={css.layout}>
          {tabs}
          <Directory organization={org} address={address} />
        </div>
      </Page>
    );
  }
  return (
    <Page title={organizationPages.webhooks.title}>
      <div className={css.layout}>
        {tabs}
        <div className={css.scroll}>
          {tab === "statistics" ? (
            <StatisticsTab organization={org} address={address} />
          ) : tab === "refused" ? (
            <RefusedTab organization={org} address={address} views={<EventViews address={address} />} />
          ) : (
            <ReplaysTab organization={org} address={address} />
          )}
        </div>
      </div>
    </Page>
  );
};
