import { useQuery } from "@tanstack/react-query";
import type { DatabaseReport } from "@wheelhouse/shared/reports.ts";
import { formatBytes, formatCount, formatLatency, formatSpan } from "#lib/format.ts";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { databaseQuery } from "./queries.ts";
import styles from "./reports.module.css";

type TableRow = DatabaseReport["tables"][number];
type IndexRow = DatabaseReport["unusedIndexes"][number];
type StatementRow = NonNullable<DatabaseReport["statements"]>[number];

const tableColumns: readonly Column<TableRow>[] = [
  { id: "name", header: "Table", card: "title", cell: ({ name }) => <span className="mono">{name}</span> },
  {
    id: "size",
    header: "Size with indexes",
    num: true,
    card: "badge",
    cell: ({ sizeBytes }) => formatBytes(sizeBytes),
  },
  { id: "rows", header: "Rows, about", num: true, card: "detail", cell: ({ rows }) => formatCount(rows) },
  { id: "dead", header: "Dead rows", num: true, card: "age", cell: ({ deadRows }) => formatCount(deadRows) },
  {
    id: "partitions",
    header: "Partitions",
    num: true,
    drop: "first",
    cell: ({ partitions }) => formatCount(partitions),
  },
  {
    id: "vacuum",
    header: "Last vacuum",
    num: true,
    drop: "first",
    cell: ({ lastVacuumAt }) =>
      lastVacuumAt === null ? "never" : <Age at={lastVacuumAt} short suffix="ago" />,
  },
];
const indexColumns: readonly Column<IndexRow>[] = [
  { id: "name", header: "Index", card: "title", cell: ({ name }) => <span className="mono">{name}</span> },
  {
    id: "table",
    header: "Table",
    card: "detail",
    cell: ({ table }) => <span className="mono">{table}</span>,
  },
  { id: "size", header: "Size", num: true, card: "badge", cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
];
const statementColumns: readonly Column<StatementRow>[] = [
  {
    id: "text",
    header: "Statement",
    card: "title",
    className: styles.statement,
    cell: ({ text }) => <span className="mono">{text}</span>,
  },
  { id: "calls", header: "Calls", num: true, card: "detail", cell: ({ calls }) => formatCount(calls) },
  { id: "total", header: "In all", num: true, card: "badge", cell: ({ totalMs }) => formatSpan(totalMs) },
  {
    id: "mean",
    header: "Mean",
    num: true,
    card: "age",
    cell: ({ meanMs }) => formatLatency(Math.round(meanMs * 10) / 10),
  },
];
const keyOfName = ({ name }: { name: string }): string => name;
const keyOfText = ({ text }: StatementRow): string => text;

const Statistics = ({ report }: { report: DatabaseReport }) => (
  <>
    <Table
      caption="Tables, the largest first"
      columns={tableColumns}
      rows={report.tables}
      keyOf={keyOfName}
      className="cards"
    />
    <div className={styles.section}>
      <h2 className="h">Unused indexes</h2>
    </div>
    {report.unusedIndexes.length === 0 ? (
      <Empty title="Every index was used">Since the server began to count.</Empty>
    ) : (
      <Table
        caption="Indexes that no statement has used"
        columns={indexColumns}
        rows={report.unusedIndexes}
        keyOf={keyOfName}
        className="cards"
      />
    )}
    <div className={styles.section}>
      <h2 className="h">Slow statements</h2>
    </div>
    {report.statements === null ? (
      <Empty title="No pg_stat_statements">
        Add the extension to see which statements take most time; the next report then lists them.
      </Empty>
    ) : (
      <Table
        caption="Statements that took most time"
        columns={statementColumns}
        rows={report.statements}
        keyOf={keyOfText}
        className="cards"
      />
    )}
  </>
);

/** The newest statistics of Wheelhouse's own database. */
export const DatabaseStatistics = ({ organization }: { organization: string }) => {
  const query = useQuery(databaseQuery(organization));
  return (
    <>
      <div className={styles.section}>
        <h2 className="h">Database</h2>
      </div>
      <Panel
        name="Database statistics"
        query={query}
        isEmpty={({ reports }) => reports.length === 0}
        empty={<Empty title="No report yet">The schedule database-statistics makes one each Sunday.</Empty>}
      >
        {({ reports: [newest, former] }) =>
          newest && (
            <>
              <p className={`c2 ${styles.note}`}>
                Postgres {newest.report.version}, {formatBytes(newest.report.sizeBytes)}
                {former !== undefined && `, ${formatBytes(former.report.sizeBytes)} in the report before`}.
                Made <Time at={newest.madeAt} full />.
              </p>
              <Statistics report={newest.report} />
            </>
          )
        }
      </Panel>
    </>
  );
};
