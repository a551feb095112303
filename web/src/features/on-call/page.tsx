import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import type { OnCall, ReadinessGap } from "@wheelhouse/shared/alerts/routing.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useSession } from "#lib/api/session.ts";
import { formatPlural } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Page } from "#ui/page/page.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Age } from "#ui/text/time.tsx";
import { ChannelsTab } from "./channels.tsx";
import { NotificationLog } from "./log.tsx";
import { MineTab } from "./mine.tsx";
import css from "./on-call.module.css";
import { onCallQuery } from "./queries.ts";
import { type GapAct, Readiness } from "./readiness.tsx";
import type { OnCallSearch } from "./search.ts";
import { Teams } from "./teams.tsx";
import { verdictOf } from "./words.ts";

const route = getRouteApi("/o/$org/oncall");
const tabs = [
  { id: undefined, label: "On call" },
  { id: "channels", label: "Channels" },
  { id: "mine", label: "How you are reached" },
  { id: "log", label: "Notifications" },
] as const;
const asideItems = 9;
const logItems = 50;

const useAddress = (organization: string): PageAddress<OnCallSearch> => {
  const router = useRouter();
  const navigate = route.useNavigate();
  return {
    search: route.useSearch(),
    hrefOf: (search) =>
      router.buildLocation({ to: "/o/$org/oncall", params: { org: organization }, search }).publicHref,
    go: (search, { replace = false } = {}) => void navigate({ search, replace }),
  };
};

const Lead = ({ data }: { data: OnCall }) => {
  const { calm, warning } = verdictOf(data);
  const steps = data.teams.reduce((sum, { team }) => sum + team.steps.length, 0);
  return (
    <section className={css.lead}>
      <h2 className="t20 b">
        {calm} {warning !== "" && <span className="tx-warn">{warning}</span>}
      </h2>
      <p className="c2">
        {formatPlural(steps, "escalation step")} in {formatPlural(data.teams.length, "team")}. Checked{" "}
        <Age at={data.checkedAt} short suffix="ago" />, every 30 s while this page is open.
      </p>
    </section>
  );
};

const Rota = (props: { organization: string; address: PageAddress<OnCallSearch>; data: OnCall }) => {
  const { organization, address, data } = props;
  const { user } = useSession(organization);
  const actOf = ({ userId, kind, teamId }: ReadinessGap): GapAct => {
    if (userId === user.id) return { label: "Add a channel…", run: () => address.go({ tab: "mine" }) };
    if (kind === "channel_failing")
      return { label: "Open channels…", run: () => address.go({ tab: "channels" }) };
    return teamId === null ? null : { label: "Show team", run: () => address.go({ team: teamId }) };
  };
  return (
    <div className={css.page}>
      <div>
        <Readiness gaps={data.gaps} actOf={actOf} />
        <Teams
          data={data}
          organization={organization}
          teamId={address.search.team}
          onTeam={(team) => address.go({ team })}
        />
      </div>
      <aside>
        <NotificationLog organization={organization} limit={asideItems} />
      </aside>
    </div>
  );
};

/** Who is called, over what, and who could not be. */
export const OnCallPage = () => {
  const { org } = route.useParams();
  const address = useAddress(org);
  const onCall = useQuery(onCallQuery(org));
  const { tab } = address.search;
  return (
    <Page title={organizationPages.onCall.title}>
      {onCall.data === undefined ? <div className={css.lead} /> : <Lead data={onCall.data} />}
      <nav className="tabs" aria-label="On call">
        <Link to="/o/$org/alerts" params={{ org }}>
          Alerts
        </Link>
        {tabs.map(({ id, label }) => (
          <AddressLink
            key={label}
            address={address}
            to={id === undefined ? {} : { tab: id }}
            aria-current={id === tab ? "page" : undefined}
          >
            {label}
          </AddressLink>
        ))}
      </nav>
      {tab === "channels" && <ChannelsTab organization={org} />}
      {tab === "mine" && <MineTab organization={org} />}
      {tab === "log" && (
        <div className={css.single}>
          <section className={css.section}>
            <NotificationLog organization={org} limit={logItems} />
          </section>
        </div>
      )}
      {tab === undefined && (
        <Panel name="On call" query={onCall}>
          {(data) => <Rota organization={org} address={address} data={data} />}
        </Panel>
      )}
    </Page>
  );
};
