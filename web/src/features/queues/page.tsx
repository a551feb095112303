import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useCallback, useMemo } from "react";
import { formatCount, formatPlural, formatSpan } from "#lib/format.ts";
import { useBoard } from "#lib/live/live-board.ts";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useMoment } from "#lib/live/moment.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import { onDemand } from "#lib/on-demand.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { type Filter, type FilterKey, readFilterInput, writeFilter } from "#ui/filter/filter-tokens.ts";
import { type Currency, FreshnessLine, freshnessOf, useCurrency } from "#ui/page/freshness-line.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { FilteredTable, LiveTable } from "#ui/table/table.tsx";
import { queueColumns } from "./columns.tsx";
import { OtherQueues, Undiscovered } from "./others.tsx";
import { queuesBoard, queuesQuery } from "./queries.ts";
import styles from "./queues.module.css";
import { QueuesSummary, workerColumns } from "./summary.tsx";
import {
  filterOthers,
  filterQueues,
  type OtherQueue,
  type QueuesState,
  type QueueView,
  queueFilterKeys,
} from "./views.ts";

const QueueDrawer = onDemand(async () => ({ default: (await import("./drawer.tsx")).QueueDrawer }));

const route = getRouteApi("/o/$org/queues");
const workersIntervalMs = 15_000;
const pollIntervalMs = 5000;
const keyOf = ({ row }: QueueView): string => row.id;
const rowClass = ({ row }: QueueView): string => (row.state === "ok" && !row.paused ? "quiet" : "");
const keyOfWorker = ({ host }: QueuesState["workers"][number]): string => host;
const quiet = (): string => "quiet";
const none: readonly QueueView[] = [];
const noOthers: readonly OtherQueue[] = [];

const Workers = ({ list }: { list: QueuesState }) => {
  const { workers, intervalMs, views } = list;
  const names = new Map(views.map(({ row }) => [row.id, row.name]));
  const named = workers.map((worker) => ({
    ...worker,
    queues: worker.queues.map((id) => names.get(id) ?? id),
  }));
  const total = workers.reduce((sum, worker) => sum + worker.workers, 0);
  return (
    <>
      <div className={`sum pad ${styles.workers}`}>
        <h2 className="h">Workers</h2>
        <span>
          {formatCount(total)} on {formatPlural(workers.length, "host")}
        </span>
        <span className="c3">Sampled every {formatSpan(intervalMs)}</span>
      </div>
      {workers.length === 0 ? (
        <Empty title="No workers connected">Workers appear here once they connect to a queue.</Empty>
      ) : (
        <LiveTable
          caption="Workers by host"
          className="compact"
          columns={workerColumns}
          rows={named}
          keyOf={keyOfWorker}
          rowClass={quiet}
        />
      )}
    </>
  );
};

/** Refetches the list while the socket is closed, and its workers periodically. */
const useQueuesQuery = (organization: string) => {
  const { connection } = useLiveStatus();
  const moment = useMoment();
  return useQuery({
    ...queuesQuery(organization, moment),
    refetchInterval:
      moment !== null ? false : connection.state === "closed" ? pollIntervalMs : workersIntervalMs,
  });
};

/** The filtered list and its workers. */
const Queues = (props: {
  query: PanelQuery<QueuesState>;
  currency: Currency;
  shown: readonly QueueView[];
  others: readonly OtherQueue[];
  openKey: string | undefined;
  hrefOf: (key: string) => string;
  onSearch: (change: { q?: undefined; queue?: string }) => void;
}) => {
  const { query, currency, shown, others, openKey, hrefOf, onSearch } = props;
  const freshness = freshnessOf(currency);
  return (
    <Panel
      name="Queues"
      query={query}
      skeletonRows={12}
      freshness={freshness}
      isEmpty={({ views, others: all, undiscovered }) =>
        views.length + all.length + undiscovered.length === 0
      }
      empty={
        <Empty title="No queues yet">
          A queue appears here within seconds after a program adds its first job with BullMQ.
        </Empty>
      }
    >
      {(list) => (
        <>
          <FreshnessLine observedAt={list.observedAt} currency={currency} />
          <Undiscovered servers={list.undiscovered} />
          {list.views.length > 0 && (
            <>
              <QueuesSummary views={list.views} shown={shown.length} />
              <FilteredTable
                noMatch="No queues match"
                onClear={() => onSearch({ q: undefined })}
                caption="Queues, worst first"
                className="cards"
                columns={queueColumns[freshness.state]}
                rows={shown}
                keyOf={keyOf}
                rowClass={rowClass}
                openKey={openKey}
                onOpen={(key) => onSearch({ queue: key })}
                hrefOf={hrefOf}
              />
            </>
          )}
          <OtherQueues others={others} left={list.othersLeft} />
          <Workers list={list} />
        </>
      )}
    </Panel>
  );
};

const Tools = (props: {
  organization: string;
  keys: readonly FilterKey[];
  filter: Filter;
  onFilter: (next: Filter) => void;
}) => (
  <div className="tool">
    <FilterBar
      label="Filter queues"
      keys={props.keys}
      filter={props.filter}
      isInstant
      onChange={props.onFilter}
    />
    <Link className="btn" to="/o/$org/queues/find" params={{ org: props.organization }} search={{}}>
      Find a job
    </Link>
  </div>
);

export const QueuesPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useBoard(queuesBoard, org);
  const moment = useMoment();
  const queues = useQueuesQuery(org);
  const data = queues.data;
  const currency = useCurrency(data);
  const freshness = freshnessOf(currency);
  const views = data?.views ?? none;
  const keys = useMemo(() => queueFilterKeys(views), [views]);
  const filter = readFilterInput(search.q ?? "", keys);
  const shown = filterQueues(views, filter);
  const others = filterOthers(data?.others ?? noOthers, filter);

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const goTo = (key: string) => setSearch({ queue: key }, true);
  const { q } = search;
  const hrefOf = useCallback((key: string) => stringifySearch({ q, queue: key, at: moment }), [q, moment]);

  return (
    <Page title={organizationPages.queues.title} observation={data ?? null}>
      <Split
        drawer={
          search.queue !== undefined &&
          data !== undefined && (
            <QueueDrawer
              organization={org}
              id={search.queue}
              view={views.find(({ row }) => row.id === search.queue)}
              freshness={freshness}
              {...neighboursOf(shown.map(keyOf), search.queue, goTo)}
              onClose={() => setSearch({ queue: undefined })}
            />
          )
        }
      >
        <Tools
          organization={org}
          keys={keys}
          filter={filter}
          onFilter={(next) => setSearch({ q: writeFilter(next) }, true)}
        />
        <Queues
          query={queues}
          currency={currency}
          shown={shown}
          others={others}
          openKey={search.queue}
          hrefOf={hrefOf}
          onSearch={setSearch}
        />
      </Split>
    </Page>
  );
};
