import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import type { ScheduleList, ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import { useCallback, useMemo } from "react";
import { formatCount } from "#lib/format.ts";
import { useBoard } from "#lib/live/live-board.ts";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useMoment } from "#lib/live/moment.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import { onDemand } from "#lib/on-demand.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { readFilterInput, writeFilter } from "#ui/filter/filter-tokens.ts";
import { type Currency, FreshnessLine, freshnessOf, useCurrency } from "#ui/page/freshness-line.tsx";
import { Note } from "#ui/page/note.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { FilteredTable } from "#ui/table/table.tsx";
import { scheduleColumns } from "./columns.tsx";
import { filterSchedules, scheduleFilterKeys } from "./filter.ts";
import { schedulesBoard, schedulesQuery } from "./queries.ts";
import styles from "./schedules.module.css";

const ScheduleDrawer = onDemand(async () => ({ default: (await import("./drawer.tsx")).ScheduleDrawer }));

const route = getRouteApi("/o/$org/schedules");
const pollIntervalMs = 5_000;
const keyOf = ({ id }: ScheduleRow): string => id;
const rowClass = ({ state, label }: ScheduleRow): string =>
  state === "ok" && label !== "Paused" ? "quiet" : "";
const none: readonly ScheduleRow[] = [];

const phrases = [
  { labels: ["Failed", "Timed out"], words: "failed", tone: "tx-down" },
  { labels: ["Missed"], words: "missed", tone: "tx-warn" },
  { labels: ["Overdue"], words: "overdue", tone: "tx-warn" },
  { labels: ["Unknown"], words: "unknown", tone: "" },
  { labels: ["Running"], words: "running", tone: "" },
  { labels: ["Paused"], words: "paused", tone: "" },
];

const Summary = ({ rows, shown }: { rows: readonly ScheduleRow[]; shown: number }) => (
  <div className="sum pad">
    <span>
      <b>{formatCount(shown)}</b>
      {shown === rows.length ? "" : ` of ${formatCount(rows.length)}`}{" "}
      {rows.length === 1 ? "schedule" : "schedules"}
    </span>
    {phrases.map(({ labels, words, tone }) => {
      const count = rows.filter(({ label }) => labels.includes(label)).length;
      return count === 0 ? null : (
        <span key={words} className={tone}>
          <b>{count}</b> {words}
        </span>
      );
    })}
  </div>
);

const Unread = ({ unread }: Pick<ScheduleList, "unread">) =>
  unread.length === 0 ? null : (
    <div className={styles.unread}>
      <Note
        tone="warn"
        title={`Not all schedules of ${unread.map(({ source }) => source).join(", ")} can be read.`}
      >
        {unread[0]?.cause}
      </Note>
    </div>
  );

/** Refetches the list while the socket is closed. */
const useSchedulesQuery = (organization: string) => {
  const { connection } = useLiveStatus();
  return useQuery({
    ...schedulesQuery(organization, useMoment()),
    refetchInterval: connection.state === "closed" ? pollIntervalMs : false,
  });
};

/** The filtered list. */
const Schedules = (props: {
  query: PanelQuery<ScheduleList>;
  currency: Currency;
  shown: readonly ScheduleRow[];
  openKey: string | undefined;
  hrefOf: (key: string) => string;
  onSearch: (change: { q?: undefined; schedule?: string }) => void;
}) => {
  const { query, currency, shown, openKey, hrefOf, onSearch } = props;
  const freshness = freshnessOf(currency);
  return (
    <Panel
      name="Schedules"
      query={query}
      skeletonRows={10}
      freshness={freshness}
      isEmpty={(list) => list.items.length + list.unread.length === 0}
      empty={
        <Empty title="No schedules yet">
          A schedule appears here within seconds after a program creates a job scheduler with BullMQ.
        </Empty>
      }
    >
      {(list) => (
        <>
          <FreshnessLine observedAt={list.observedAt} currency={currency} />
          <Unread unread={list.unread} />
          <Summary rows={list.items} shown={shown.length} />
          <FilteredTable
            noMatch="No schedules match"
            onClear={() => onSearch({ q: undefined })}
            caption="Schedules, worst first, then by next run"
            className="cards"
            columns={scheduleColumns[freshness.state]}
            rows={shown}
            keyOf={keyOf}
            rowClass={rowClass}
            openKey={openKey}
            onOpen={(key) => onSearch({ schedule: key })}
            hrefOf={hrefOf}
          />
        </>
      )}
    </Panel>
  );
};

export const SchedulesPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useBoard(schedulesBoard, org);
  const moment = useMoment();
  const schedules = useSchedulesQuery(org);
  const currency = useCurrency(schedules.data);
  const { state } = freshnessOf(currency);
  const items = schedules.data?.items ?? none;
  const keys = useMemo(() => scheduleFilterKeys(items), [items]);
  const filter = readFilterInput(search.q ?? "", keys);
  const shown = filterSchedules(items, filter);

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const { q } = search;
  const hrefOf = useCallback((key: string) => stringifySearch({ q, schedule: key, at: moment }), [q, moment]);
  return (
    <Page title={organizationPages.schedules.title} observation={schedules.data ?? null}>
      <Split
        drawer={
          search.schedule !== undefined &&
          schedules.data !== undefined && (
            <ScheduleDrawer
              key={search.schedule}
              organization={org}
              row={items.find(({ id }) => id === search.schedule)}
              freshness={state}
              {...neighboursOf(shown.map(keyOf), search.schedule, (key) =>
                setSearch({ schedule: key }, true),
              )}
              onClose={() => setSearch({ schedule: undefined })}
            />
          )
        }
      >
        <div className="tool">
          <FilterBar
            label="Filter schedules"
            keys={keys}
            filter={filter}
            isInstant
            onChange={(next) => setSearch({ q: writeFilter(next) }, true)}
          />
        </div>
        <Schedules
          query={schedules}
          currency={currency}
          shown={shown}
          openKey={search.schedule}
          hrefOf={hrefOf}
          onSearch={setSearch}
        />
      </Split>
    </Page>
  );
};
