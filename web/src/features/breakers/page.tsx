import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useCallback, useMemo } from "react";
import { useBoard } from "#lib/live/live-board.ts";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useMoment } from "#lib/live/moment.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import { onDemand } from "#lib/on-demand.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { type Filter, type FilterKey, readFilterInput, writeFilter } from "#ui/filter/filter-tokens.ts";
import { Segments } from "#ui/filter/segments.tsx";
import { type Currency, FreshnessLine, freshnessOf, useCurrency } from "#ui/page/freshness-line.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { FilteredTable } from "#ui/table/table.tsx";
import css from "./breakers.module.css";
import { breakerColumns } from "./columns.tsx";
import { breakerFilterKeys, filterBreakers } from "./filter.ts";
import { breakersBoard, breakersQuery } from "./queries.ts";
import { StateChanges } from "./state-changes.tsx";
import { BreakersSummary } from "./summary.tsx";

const BreakerDrawer = onDemand(async () => ({ default: (await import("./drawer.tsx")).BreakerDrawer }));

const route = getRouteApi("/o/$org/breakers");
type Search = { q?: string | undefined; view?: "service" | undefined; breaker?: string | undefined };

const pollIntervalMs = 5000;
const keyOf = ({ id }: BreakerRow): string => id;
const rowClass = ({ state }: BreakerRow): string => (state === "closed" ? "quiet" : "");
const serviceOf = ({ service }: BreakerRow): string => service;
const none: readonly BreakerRow[] = [];
const views = [
  { value: undefined, label: "List" },
  { value: "service", label: "By service" },
] as const;

/** Keeps the list order, or groups by service with services ordered by their worst breaker. */
const useRows = (items: readonly BreakerRow[], isByService: boolean): readonly BreakerRow[] =>
  useMemo(() => {
    if (!isByService) return items;
    const place = [...new Set(items.map(({ service }) => service))];
    return items.toSorted((a, b) => place.indexOf(a.service) - place.indexOf(b.service));
  }, [items, isByService]);

/** Refetches the list while the socket is closed. */
const useBreakersQuery = (organization: string) => {
  const { connection } = useLiveStatus();
  const moment = useMoment();
  return useQuery({
    ...breakersQuery(organization, moment),
    refetchInterval: connection.state === "closed" ? pollIntervalMs : false,
  });
};

/** The ordered rows, and those that pass the filter. */
const useShown = (items: readonly BreakerRow[], { q, view }: Search) => {
  const rows = useRows(items, view === "service");
  const keys = useMemo(() => breakerFilterKeys(items), [items]);
  const filter = readFilterInput(q ?? "", keys);
  return { rows, keys, filter, shown: filterBreakers(rows, filter) };
};

/** The filtered list and its latest state changes. */
const Breakers = (props: {
  organization: string;
  query: PanelQuery<{ items: readonly BreakerRow[]; observedAt: string | null }>;
  currency: Currency;
  shown: readonly BreakerRow[];
  search: Search;
  hrefOf: (key: string) => string;
  onSearch: (change: { q?: undefined; breaker?: string }) => void;
}) => {
  const { organization, query, currency, shown, search, hrefOf, onSearch } = props;
  const { state } = freshnessOf(currency);
  return (
    <Panel
      name="Breakers"
      query={query}
      skeletonRows={10}
      freshness={{ state, ageMs: null }}
      isEmpty={(list) => list.items.length === 0}
      empty={
        <Empty title="No breakers yet">
          Breakers appear here when a service reports them, when a watched Prometheus target exposes them, or
          when a webhook endpoint is created.
        </Empty>
      }
    >
      {(list) => (
        <>
          <FreshnessLine observedAt={list.observedAt} currency={currency} />
          <BreakersSummary rows={shown} all={list.items.length} />
          <FilteredTable
            noMatch="No breakers match"
            onClear={() => onSearch({ q: undefined })}
            caption="Breakers, open ones first, then most failed calls"
            className={`cards ${css.table}`}
            columns={breakerColumns[state]}
            rows={shown}
            keyOf={keyOf}
            rowClass={rowClass}
            openKey={search.breaker}
            onOpen={(key) => onSearch({ breaker: key })}
            hrefOf={hrefOf}
            {...(search.view === "service" ? { groupOf: serviceOf } : {})}
          />
          <StateChanges organization={organization} rows={shown} />
        </>
      )}
    </Panel>
  );
};

const Tools = (props: {
  keys: readonly FilterKey[];
  filter: Filter;
  view: Search["view"];
  onSearch: (change: Pick<Search, "q" | "view">) => void;
}) => {
  const { keys, filter, view, onSearch } = props;
  return (
    <div className="tool">
      <FilterBar
        label="Filter breakers"
        keys={keys}
        filter={filter}
        isInstant
        onChange={(next) => onSearch({ q: writeFilter(next) })}
      />
      <Segments
        options={views}
        value={view}
        onChange={(next) => onSearch({ view: next })}
        group={{ label: "View", className: css.view }}
      />
    </div>
  );
};

export const BreakersPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useBoard(breakersBoard, org);
  const moment = useMoment();
  const breakers = useBreakersQuery(org);
  const data = breakers.data;
  const currency = useCurrency(data);
  const { state } = freshnessOf(currency);
  const { rows, keys, filter, shown } = useShown(data?.items ?? none, search);

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const goTo = (key: string) => setSearch({ breaker: key }, true);
  const { q, view } = search;
  const hrefOf = useCallback(
    (key: string) => stringifySearch({ q, view, breaker: key, at: moment }),
    [q, view, moment],
  );

  return (
    <Page title={organizationPages.breakers.title} observation={data ?? null}>
      <Split
        drawer={
          search.breaker !== undefined &&
          data !== undefined && (
            <BreakerDrawer
              key={search.breaker}
              organization={org}
              id={search.breaker}
              row={rows.find(({ id }) => id === search.breaker)}
              freshness={state}
              {...neighboursOf(
                shown.map(({ id }) => id),
                search.breaker,
                goTo,
              )}
              onClose={() => setSearch({ breaker: undefined })}
            />
          )
        }
      >
        <Tools
          keys={keys}
          filter={filter}
          view={search.view}
          onSearch={(change) => setSearch(change, true)}
        />
        <Breakers
          organization={org}
          query={breakers}
          currency={currency}
          shown={shown}
          search={search}
          hrefOf={hrefOf}
          onSearch={setSearch}
        />
      </Split>
    </Page>
  );
};
