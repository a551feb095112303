import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount } from "#lib/format.ts";
import { onDemand } from "#lib/on-demand.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Page } from "#ui/page/page.tsx";
import { Empty } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { ActiveTab, Verdict } from "./active.tsx";
import css from "./alerts.module.css";
import { alertsQuery, useLiveIncidents } from "./queries.ts";
import { Resolved } from "./resolved.tsx";
import type { AlertsSearch } from "./search.ts";
import { SilenceButton, Silences } from "./silences/silences.tsx";
import { nameOf } from "./words.tsx";

const Incident = onDemand(async () => ({ default: (await import("./incident/incident.tsx")).Incident }));

const RuleEditor = onDemand(async () => ({ default: (await import("./rules/rules.tsx")).RuleEditor }));
const Rules = onDemand(async () => ({ default: (await import("./rules/rules.tsx")).Rules }));
const Objectives = onDemand(async () => ({
  default: (await import("./objectives/objectives.tsx")).Objectives,
}));
const Handover = onDemand(async () => ({ default: (await import("./handover.tsx")).Handover }));

const route = getRouteApi("/o/$org/alerts");

const useAddress = (organization: string): PageAddress<AlertsSearch> => {
  const router = useRouter();
  const navigate = route.useNavigate();
  return {
    search: route.useSearch(),
    hrefOf: (search) =>
      router.buildLocation({ to: "/o/$org/alerts", params: { org: organization }, search }).publicHref,
    go: (search, { replace = false } = {}) => void navigate({ search, replace }),
  };
};
type TabProps = { organization: string; address: PageAddress<AlertsSearch> };

const AlertsTabs = ({ organization, address }: TabProps) => {
  const { data } = useQuery(alertsQuery(organization));
  const noteOf = (count: number | undefined) => (count === undefined ? "" : formatCount(count));
  const tabs = [
    {
      id: undefined,
      label: "Active",
      note: noteOf(data && data.open + data.pending.length),
    },
    { id: "silences", label: "Silences", note: noteOf(data?.silences) },
    {
      id: "resolved",
      label: "Resolved",
      note: data === undefined ? "" : `${formatCount(data.resolvedWeek)} in 7 d`,
    },
    { id: "rules", label: "Rules", note: noteOf(data?.rules) },
    { id: "objectives", label: "Objectives", note: "" },
    { id: "handover", label: "Hand-over", note: "" },
  ] as const;
  return (
    <nav className="tabs" aria-label="Alerts">
      {tabs.map(({ id, label, note }) => (
        <AddressLink
          key={label}
          address={address}
          to={{ tab: id }}
          aria-current={address.search.tab === id ? "page" : undefined}
        >
          {label}
          {note !== "" && <span className="n">{note}</span>}
        </AddressLink>
      ))}
      <Link to="/o/$org/oncall" params={{ org: organization }}>
        On call
      </Link>
    </nav>
  );
};

/** Silences and what ended lately, below what is active. */
const Below = ({ organization, address }: TabProps) => (
  <div className={css.side}>
    <section aria-label="Silences">
      <div className="sec-h">
        <h3 className="h">Silences</h3>
        <span className="grow" />
        <SilenceButton organization={organization} />
      </div>
      <Silences organization={organization} isBrief />
    </section>
    <section aria-label="Resolved">
      <div className="sec-h">
        <h3 className="h">Resolved</h3>
        <span className="t12 c3">newest first</span>
      </div>
      <Resolved organization={organization} address={address} most={5} />
      <AddressLink className={`link t12 ${css.foot}`} address={address} to={{ tab: "resolved" }}>
        All resolved incidents
      </AddressLink>
    </section>
  </div>
);

const Tab = ({ organization, address }: TabProps) => {
  const { tab } = address.search;
  if (tab === "silences")
    return (
      <div className={css.body}>
        <div className="sec-h">
          <h3 className="h">In force</h3>
          <span className="grow" />
          <SilenceButton organization={organization} />
        </div>
        <Silences organization={organization} />
        <div className={`sec-h ${css.foot}`}>
          <h3 className="h">Ended</h3>
        </div>
        <Silences organization={organization} state="ended" />
      </div>
    );
  if (tab === "resolved")
    return (
      <div className={css.body}>
        <Resolved organization={organization} address={address} />
      </div>
    );
  if (tab === "rules") return <Rules organization={organization} address={address} />;
  if (tab === "objectives") return <Objectives organization={organization} />;
  if (tab === "handover") return <Handover organization={organization} address={address} />;
  return (
    <>
      <ActiveTab organization={organization} address={address} />
      <Below organization={organization} address={address} />
    </>
  );
};

/** What fires, who handles it, and what decides that. The URL holds the whole view. */
export const AlertsPage = () => {
  const { org } = route.useParams();
  const address = useAddress(org);
  const mayRead = useCan(org, "alerts:read");
  const summary = useQuery({ ...alertsQuery(org), enabled: mayRead });
  useLiveIncidents(org);
  const { incident, rule } = address.search;
  const { title } = organizationPages.alerts;
  if (!mayRead)
    return (
      <Page title={title}>
        <Empty title="You don't have access to this page">Ask an admin for “View alerts”.</Empty>
      </Page>
    );
  if (incident !== undefined)
    return (
      <Page
        title={title}
        crumb={
          <>
            <AddressLink address={address} to={{}}>
              All alerts
            </AddressLink>{" "}
            / {nameOf({ number: incident })}
          </>
        }
      >
        <Incident organization={org} number={incident} address={address} />
      </Page>
    );
  if (rule !== undefined)
    return (
      <Page
        title={title}
        crumb={
          <>
            <AddressLink address={address} to={{ tab: "rules" }}>
              Rules
            </AddressLink>{" "}
            / {rule === "new" ? "New rule" : rule}
          </>
        }
      >
        <RuleEditor key={rule} organization={org} address={address} ruleKey={rule} />
      </Page>
    );
  return (
    <Page title={title}>
      <div>
        {summary.data !== undefined && <Verdict summary={summary.data} />}
        <AlertsTabs organization={org} address={address} />
        <Tab organization={org} address={address} />
      </div>
    </Page>
  );
};
