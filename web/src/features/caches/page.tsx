import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { CacheList, CacheRow } from "@wheelhouse/shared/caches/caches.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useCallback, useMemo, useRef, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { useBoard } from "#lib/live/live-board.ts";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useMoment } from "#lib/live/moment.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import { onDemand } from "#lib/on-demand.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { readFilterInput, writeFilter } from "#ui/filter/filter-tokens.ts";
import { type Currency, FreshnessLine, freshnessOf, useCurrency } from "#ui/page/freshness-line.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { FilteredTable } from "#ui/table/table.tsx";
import { type CacheView, cacheColumns } from "./columns.tsx";
import { DeclaredCaches } from "./declared.tsx";
import { cacheFilterKeys, filterCaches } from "./filter.ts";
import { InvalidateDialog } from "./invalidate-dialog.tsx";
import { cachesBoard, cachesQuery, redisServersQuery } from "./queries.ts";
import { RedisPanel } from "./server.tsx";
import { CachesSummary } from "./summary.tsx";

const CacheDrawer = onDemand(async () => ({ default: (await import("./drawer.tsx")).CacheDrawer }));

const route = getRouteApi("/o/$org/caches");
const trendsIntervalMs = 10_000;
const pollIntervalMs = 5_000;
const keyOf = ({ row }: CacheView): string => row.id;
const rowClass = ({ row }: CacheView): string => (row.state === "ok" ? "quiet" : "");
const noRows: CacheList["items"] = [];
const noTrend: readonly (number | null)[] = [];

/** Lines of the table; a line whose row, trend and permissions did not change keeps its identity. */
const useViews = (
  data: CacheList | undefined,
  onInvalidate: ((id: string) => void) | null,
): readonly CacheView[] => {
  const known = useRef(new Map<string, CacheView>());
  return useMemo(() => {
    const views = (data?.items ?? noRows).map((row): CacheView => {
      const trend = data?.trends[row.id]?.values ?? noTrend;
      const before = known.current.get(row.id);
      return before?.row === row && before.trend === trend && before.onInvalidate === onInvalidate
        ? before
        : { row, trend, onInvalidate };
    });
    known.current = new Map(views.map((view) => [view.row.id, view]));
    return views;
  }, [data, onInvalidate]);
};

const Servers = ({ organization }: { organization: string }) => {
  const servers = useQuery(redisServersQuery(organization, useMoment()));
  return (
    <Panel
      name="Redis servers"
      query={servers}
      skeletonRows={6}
      isEmpty={({ items }) => items.length === 0}
      empty={
        <Empty title="No Redis servers yet">
          Add servers to wheelhouse.yaml, each with its organization.
        </Empty>
      }
    >
      {({ items }) =>
        items.map((item) => <RedisPanel key={item.server.id} organization={organization} item={item} />)
      }
    </Panel>
  );
};

/** Refetches the list while the socket is closed, and its trends periodically. */
const useCachesQuery = (organization: string) => {
  const moment = useMoment();
  const { connection } = useLiveStatus();
  return useQuery({
    ...cachesQuery(organization, moment),
    refetchInterval:
      moment !== null ? false : connection.state === "closed" ? pollIntervalMs : trendsIntervalMs,
  });
};

/** The lines that pass the filter, and the filter itself. */
const useShown = (views: readonly CacheView[], q: string | undefined) => {
  const rows = useMemo(() => views.map(({ row }) => row), [views]);
  const keys = useMemo(() => cacheFilterKeys(rows), [rows]);
  const filter = readFilterInput(q ?? "", keys);
  const kept = new Set(filterCaches(rows, filter));
  return { rows, keys, filter, shown: views.filter(({ row }) => kept.has(row)) };
};

/** The filter and the filtered list. */
const Caches = (props: {
  query: PanelQuery<{ items: readonly CacheRow[]; observedAt: string | null }>;
  currency: Currency;
  list: ReturnType<typeof useShown>;
  openKey: string | undefined;
  hrefOf: (key: string) => string;
  onSearch: (change: { q?: string | undefined; cache?: string }, replace?: boolean) => void;
}) => {
  const { query, currency, openKey, hrefOf, onSearch } = props;
  const { rows, keys, filter, shown } = props.list;
  const { state } = freshnessOf(currency);
  return (
    <>
      <div className="tool">
        <FilterBar
          label="Filter caches"
          keys={keys}
          filter={filter}
          isInstant
          onChange={(next) => onSearch({ q: writeFilter(next) }, true)}
        />
      </div>
      <div className="holds">
        {" "}
        <Panel
          name="Caches"
          query={query}
          skeletonRows={6}
          freshness={{ state, ageMs: null }}
          isEmpty={({ items }) => items.length === 0}
          empty={
            <Empty title="No caches yet">
              Caches appear here within seconds after a service reports them with Wheelhouse's reporter.
            </Empty>
          }
        >
          {({ observedAt }) => (
            <>
              <FreshnessLine observedAt={observedAt} currency={currency} />
              <CachesSummary rows={rows} shown={shown.length} />
              <FilteredTable
                noMatch="No caches match"
                onClear={() => onSearch({ q: undefined })}
                caption="Caches, lowest hit ratio first"
                className="cards"
                columns={cacheColumns[state]}
                rows={shown}
                keyOf={keyOf}
                rowClass={rowClass}
                openKey={openKey}
                onOpen={(key) => onSearch({ cache: key })}
                hrefOf={hrefOf}
              />
            </>
          )}
        </Panel>
      </div>
    </>
  );
};

/** URL of a row's drawer that keeps the current filter and moment. */
const useHrefs = (q: string | undefined) => {
  const moment = useMoment();
  return useCallback((key: string) => stringifySearch({ q, cache: key, at: moment }), [q, moment]);
};

export const CachesPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [asked, setAsked] = useState<string | null>(null);
  useBoard(cachesBoard, org);
  const moment = useMoment();
  const caches = useCachesQuery(org);
  const currency = useCurrency(caches.data);
  const mayAct = useCan(org, "cache:act") && moment === null;
  const views = useViews(caches.data, mayAct ? setAsked : null);
  const list = useShown(views, search.q);
  const open = views.find(({ row }) => row.id === search.cache);
  const askedRow = views.find(({ row }) => row.id === asked)?.row;

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const hrefOf = useHrefs(search.q);

  return (
    <Page title={organizationPages.caches.title} observation={caches.data ?? null}>
      <Split
        drawer={
          search.cache !== undefined &&
          caches.data !== undefined && (
            <CacheDrawer
              key={search.cache}
              organization={org}
              row={open?.row}
              trend={open?.trend ?? noTrend}
              freshness={freshnessOf(currency).state}
              {...neighboursOf(list.shown.map(keyOf), search.cache, (cache) => setSearch({ cache }, true))}
              onClose={() => setSearch({ cache: undefined })}
              onInvalidate={mayAct && open !== undefined ? () => setAsked(open.row.id) : null}
            />
          )
        }
      >
        <Caches
          query={caches}
          currency={currency}
          list={list}
          openKey={search.cache}
          hrefOf={hrefOf}
          onSearch={setSearch}
        />
        <div className="holds">
          {moment === null && <DeclaredCaches organization={org} mayAct={mayAct} />}
        </div>
        <Servers organization={org} />
      </Split>
      {askedRow !== undefined && (
        <InvalidateDialog
          key={askedRow.id}
          organization={org}
          row={askedRow}
          onClose={() => setAsked(null)}
        />
      )}
    </Page>
  );
};
