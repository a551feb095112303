import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import type { FiguresReport, PeriodFigures } from "@wheelhouse/shared/reports.ts";
import { formatBytes, formatCount, formatPercent } from "#lib/format.ts";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Count } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import { DatabaseStatistics } from "./database.tsx";
import { DayBars } from "./day-bars.tsx";
import { figuresQuery } from "./queries.ts";
import styles from "./reports.module.css";

const route = getRouteApi("/o/$org/reports");
const platform = "platform";

type CacheFigures = FiguresReport["caches"][number];

const periodColumns: readonly Column<PeriodFigures>[] = [
  {
    id: "period",
    header: "Period",
    card: "title",
    cell: ({ period, startsOn }) => `${period === "week" ? "Week of" : "Month of"} ${startsOn}`,
  },
  { id: "days", header: "Days counted", num: true, drop: "first", cell: ({ days }) => days },
  {
    id: "deliveries",
    header: "Deliveries",
    num: true,
    card: "detail",
    cell: ({ deliveries }) => <Count value={deliveries} />,
  },
  {
    id: "completed",
    header: "Completed",
    num: true,
    card: "badge",
    cell: ({ completed, deliveries }) => (deliveries === 0 ? "–" : formatPercent(completed / deliveries)),
  },
  {
    id: "dead",
    header: "Dead letters",
    num: true,
    cell: ({ deadLetters }) => <Count value={deadLetters} />,
  },
  {
    id: "attempts",
    header: "Attempts",
    num: true,
    drop: "second",
    cell: ({ attempts }) => <Count value={attempts} />,
  },
  {
    id: "audit",
    header: "Audit events",
    num: true,
    card: "age",
    cell: ({ auditEvents }) => <Count value={auditEvents} />,
  },
  { id: "refused", header: "Refused", num: true, cell: ({ auditRefused }) => <Count value={auditRefused} /> },
];
const keyOfPeriod = ({ period, startsOn }: PeriodFigures): string => `${period} ${startsOn}`;

const ratioOf = (hits: number, misses: number): string =>
  hits + misses === 0 ? "–" : formatPercent(hits / (hits + misses));
const cacheColumns: readonly Column<CacheFigures>[] = [
  { id: "cache", header: "Cache", card: "title", cell: ({ cache }) => cache },
  { id: "service", header: "Service", card: "detail", cell: ({ service }) => service },
  {
    id: "ratio",
    header: "Hit ratio",
    num: true,
    card: "badge",
    cell: ({ hits, misses }) => ratioOf(hits, misses),
  },
  {
    id: "day",
    header: "Hit ratio, 24 h",
    num: true,
    cell: ({ dayHitRatio }) => (dayHitRatio === null ? "–" : formatPercent(dayHitRatio)),
  },
  {
    id: "entries",
    header: "Entries",
    num: true,
    card: "age",
    cell: ({ entries }) => <Count value={entries} />,
  },
  {
    id: "size",
    header: "Size",
    num: true,
    drop: "first",
    cell: ({ sizeBytes }) => (sizeBytes === null ? "–" : formatBytes(sizeBytes)),
  },
];
const keyOfCache = ({ service, cache }: CacheFigures): string => `${service} ${cache}`;

const Days = ({ report }: { report: FiguresReport }) => (
  <>
    <div className={styles.section}>
      <h2 className="h">Deliveries by day</h2>
    </div>
    <DayBars
      label="Deliveries"
      days={report.days}
      good={({ deliveries, deadLetters }) => deliveries - deadLetters}
      bad={({ deadLetters }) => deadLetters}
    />
    <div className={styles.section}>
      <h2 className="h">Audit events by day</h2>
    </div>
    <DayBars
      label="Audit events"
      days={report.days}
      good={({ auditEvents, auditRefused }) => auditEvents - auditRefused}
      bad={({ auditRefused }) => auditRefused}
    />
    <p className={`c3 t12 ${styles.note}`}>
      {formatCount(report.days.length)} days in UTC, {report.days[0]?.day} to {report.days.at(-1)?.day}. Dead
      letters and refused acts are red. Counted {report.madeAt !== null && <Time at={report.madeAt} full />}.
    </p>
    <Table
      caption="Weeks and months, newest first"
      className="cards"
      columns={periodColumns}
      rows={report.periods}
      keyOf={keyOfPeriod}
    />
  </>
);

const Figures = ({ report }: { report: FiguresReport }) => (
  <>
    {report.days.length > 0 && <Days report={report} />}
    {report.caches.length > 0 && (
      <>
        <div className={styles.section}>
          <h2 className="h">Caches, last hour</h2>
        </div>
        <Table
          caption="Caches by service"
          className="cards"
          columns={cacheColumns}
          rows={report.caches}
          keyOf={keyOfCache}
        />
      </>
    )}
  </>
);

export const ReportsPage = () => {
  const { org } = route.useParams();
  const figures = useQuery(figuresQuery(org));
  return (
    <Page title={organizationPages.reports.title}>
      <Split>
        <Panel
          name="Reports"
          query={figures}
          skeletonRows={10}
          isEmpty={({ days, caches }) => days.length + caches.length === 0}
          empty={
            <Empty title="Nothing counted yet">
              The schedule daily-aggregation counts each day at 01:00 UTC.
            </Empty>
          }
        >
          {(report) => <Figures report={report} />}
        </Panel>
        {org === platform && <DatabaseStatistics organization={org} />}
      </Split>
    </Page>
  );
};
