import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useMoment } from "#lib/live/moment.ts";
import { useNow } from "#lib/live/now.ts";
import { usePreferences } from "#lib/preferences.ts";
import { judgeOverview } from "#lib/verdict.ts";
import { FreshnessText, useCurrency } from "#ui/page/freshness-line.tsx";
import { Page } from "#ui/page/page.tsx";
import { Panel, Skeleton } from "#ui/page/panel.tsx";
import { RedStrip, Tiles } from "./figures.tsx";
import styles from "./overview.module.css";
import { ProblemLanes, ProblemList } from "./problems.tsx";
import { overviewQuery } from "./queries.ts";
import { RecentChanges } from "./recent-changes.tsx";

const route = getRouteApi("/o/$org/overview");
const textClass: Record<string, string> = {
  down: "tx-down",
  degraded: "tx-warn",
  stale: "tx-stale",
  unknown: "c2",
  ok: "",
};

/** The headline, readable at a glance. */
const VerdictLine = ({ overview }: { overview: Overview }) => {
  const nowMs = useNow();
  const { zone } = usePreferences();
  const { parts, sentence, tone } = judgeOverview(overview, nowMs, zone);
  const { collectorLost } = useLiveStatus();
  const isHatched = tone === "stale" || (tone === "unknown" && overview.observedAt !== null);
  return (
    <section className={`${styles.verdict} ${isHatched ? "hatch" : ""}`}>
      <h2 className="t20 b" data-testid="verdict">
        {parts.map(({ text, tone: partTone }, index) => (
          <span key={text}>
            {index > 0 && ", "}
            <span className={index === 0 ? textClass[partTone] : ""}>{text}</span>
          </span>
        ))}
      </h2>
      <p className="c2">
        {collectorLost ? (
          <FreshnessText currency="lost" observedAt={overview.observedAt} />
        ) : (
          sentence || "\u00a0"
        )}
      </p>
    </section>
  );
};

const Evidence = ({ overview, organization }: { overview: Overview; organization: string }) => {
  const currency = useCurrency(overview);
  const isFresh = currency === "fresh";
  return (
    <>
      {overview.problems.length > 0 && (
        <>
          <ProblemList problems={overview.problems} organization={organization} isFresh={isFresh} />
          <div className={isFresh ? "" : "hatch"}>
            <ProblemLanes overview={overview} />
          </div>
        </>
      )}
      <div className={isFresh ? "" : "hatch"}>
        <RedStrip overview={overview} organization={organization} />
        <Tiles overview={overview} organization={organization} />
      </div>
    </>
  );
};

export const OverviewPage = () => {
  const { org } = route.useParams();
  const overview = useQuery(overviewQuery(org, useMoment()));
  return (
    <Page title={organizationPages.overview.title} observation={overview.data ?? null}>
      <Panel name="The overview" query={overview} skeleton={<Skeleton rows={10} label="the overview" />}>
        {(data) => (
          <div className={styles.ov}>
            <div>
              <VerdictLine overview={data} />
              <Evidence overview={data} organization={org} />
            </div>
            <RecentChanges overview={data} organization={org} />
          </div>
        )}
      </Panel>
    </Page>
  );
};
