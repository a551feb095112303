import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { CacheList } from "@wheelhouse/shared/caches.ts";
import { useCallback, useMemo, useRef, useState } from "react";
import { useBoard } from "#lib/live-board.ts";
import { useLiveStatus } from "#lib/live-context.tsx";
import { useMoment } from "#lib/moment.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { useCan } from "#lib/session.ts";
import { FilterBar } from "#ui/filter-bar.tsx";
import { readFilterInput, writeFilter } from "#ui/filter-tokens.ts";
import { FreshnessLine, freshnessOf, useCurrency } from "#ui/freshness-line.tsx";
import { Page, Split } from "#ui/page.tsx";
import { Empty, Panel } from "#ui/panel.tsx";
import { Table } from "#ui/table.tsx";
import { type CacheView, cacheColumns } from "./caches-columns.tsx";
import { DeclaredCaches } from "./caches-declared.tsx";
import { CacheDrawer } from "./caches-drawer.tsx";
import { cacheFilterKeys, filterCaches } from "./caches-filter.ts";
import { InvalidateDialog } from "./caches-invalidate-dialog.tsx";
import { cachesBoard, cachesQuery, redisServersQuery } from "./caches-queries.ts";
import { RedisPanel } from "./caches-server.tsx";
import { CachesSummary } from "./caches-summary.tsx";

const route = getRouteApi("/o/$org/caches");
const trendsIntervalMs = 10_000;
const pollIntervalMs = 5_000;
const keyOf = ({ row }: CacheView): string => row.id;
const rowClass = ({ row }: CacheView): string => (row.state === "ok" ? "quiet" : "");
const noRows: CacheList["items"] = [];
const noTrend: readonly (number | null)[] = [];

/** Lines of the table; one whose row, trend and rights did not change keeps its identity. */
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
        <Empty title="No Redis server is watched">
          Servers are named in wheelhouse.yaml, each with the organization that owns it.
        </Empty>
      }
    >
      {({ items }) =>
        items.map((item) => <RedisPanel key={item.server.id} organization={organization} item={item} />)
      }
    </Panel>
  );
};

export const CachesPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [asked, setAsked] = useState<string | null>(null);
  useBoard(cachesBoard, org);
  const moment = useMoment();
  const isPast = moment !== null;
  const { connection } = useLiveStatus();
  const caches = useQuery({
    ...cachesQuery(org, moment),
    refetchInterval:
      moment !== null ? false : connection.state === "closed" ? pollIntervalMs : trendsIntervalMs,
  });
  const { data } = caches;
  const currency = useCurrency(data);
  const { state } = freshnessOf(currency);
  const mayAct = useCan(org, "cache:act") && !isPast;
  const views = useViews(data, mayAct ? setAsked : null);
  const rows = useMemo(() => views.map(({ row }) => row), [views]);
  const keys = useMemo(() => cacheFilterKeys(rows), [rows]);
  const filter = readFilterInput(search.q ?? "", keys);
  const kept = new Set(filterCaches(rows, filter));
  const shown = views.filter(({ row }) => kept.has(row));
  const open = views.find(({ row }) => row.id === search.cache);
  const askedRow = views.find(({ row }) => row.id === asked)?.row;

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const goTo = (key: string) => setSearch({ cache: key }, true);
  const { q } = search;
  const hrefOf = useCallback((key: string) => stringifySearch({ q, cache: key, at: moment }), [q, moment]);

  return (
    <Page title="Cache" observation={data ?? null}>
      <Split
        drawer={
          search.cache !== undefined &&
          data !== undefined && (
            <CacheDrawer
              key={search.cache}
              organization={org}
              row={open?.row}
              trend={open?.trend ?? noTrend}
              freshness={state}
              {...neighboursOf(shown.map(keyOf), search.cache, goTo)}
              onClose={() => setSearch({ cache: undefined })}
              onInvalidate={mayAct && open !== undefined ? () => setAsked(open.row.id) : null}
            />
          )
        }
      >
        <div className="tool">
          <FilterBar
            label="Filter caches"
            keys={keys}
            filter={filter}
            isInstant
            onChange={(next) => setSearch({ q: writeFilter(next) }, true)}
          />
        </div>
        <div className="holds">
          <Panel
            name="Caches"
            query={caches}
            skeletonRows={6}
            freshness={{ state, ageMs: null }}
            isEmpty={({ items }) => items.length === 0}
            empty={
              <Empty title="No cache is reported yet">
                A service that reports its caches with Wheelhouse's reporter appears here within seconds.
              </Empty>
            }
          >
            {(list) => (
              <>
                <FreshnessLine observedAt={list.observedAt} currency={currency} />
                <CachesSummary rows={rows} shown={shown.length} />
                {shown.length === 0 ? (
                  <Empty title="No cache matches">
                    <button type="button" className="btn" onClick={() => setSearch({ q: undefined })}>
                      Clear filter
                    </button>
                  </Empty>
                ) : (
                  <Table
                    caption="Caches, lowest hit ratio first"
                    className="cards"
                    columns={cacheColumns[state]}
                    rows={shown}
                    keyOf={keyOf}
                    rowClass={rowClass}
                    openKey={search.cache}
                    onOpen={(key) => setSearch({ cache: key })}
                    hrefOf={hrefOf}
                  />
                )}
              </>
            )}
          </Panel>
        </div>
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
