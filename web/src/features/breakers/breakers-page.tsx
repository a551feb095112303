import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { useCallback, useMemo } from "react";
import { useBoard } from "#lib/live-board.ts";
import { useLiveStatus } from "#lib/live-context.tsx";
import { useMoment } from "#lib/moment.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { FilterBar } from "#ui/filter-bar.tsx";
import { readFilterInput, writeFilter } from "#ui/filter-tokens.ts";
import { FreshnessLine, freshnessOf, useCurrency } from "#ui/freshness-line.tsx";
import { Page, Split } from "#ui/page.tsx";
import { Empty, Panel } from "#ui/panel.tsx";
import { Table } from "#ui/table.tsx";
import css from "./breakers.module.css";
import { breakerColumns } from "./breakers-columns.tsx";
import { BreakerDrawer } from "./breakers-drawer.tsx";
import { breakerFilterKeys, filterBreakers } from "./breakers-filter.ts";
import { breakersBoard, breakersQuery } from "./breakers-queries.ts";
import { BreakersSummary, StateChanges } from "./breakers-summary.tsx";

const route = getRouteApi("/o/$org/breakers");
const pollIntervalMs = 5000;
const keyOf = ({ id }: BreakerRow): string => id;
const rowClass = ({ state }: BreakerRow): string => (state === "closed" ? "quiet" : "");
const serviceOf = ({ service }: BreakerRow): string => service;
const none: readonly BreakerRow[] = [];

export const BreakersPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useBoard(breakersBoard, org);
  const { connection } = useLiveStatus();
  const moment = useMoment();
  const breakers = useQuery({
    ...breakersQuery(org, moment),
    refetchInterval: connection.state === "closed" ? pollIntervalMs : false,
  });
  const data = breakers.data;
  const currency = useCurrency(data);
  const { state } = freshnessOf(currency);
  const items = data?.items ?? none;
  const isByService = search.view === "service";
  const rows = useMemo(() => {
    if (!isByService) return items;
    // Services stand by their worst breaker, and keep their own together.
    const order = new Map(items.map(({ service }) => service).map((service) => [service, 0]));
    const place = [...order.keys()];
    return items.toSorted((a, b) => place.indexOf(a.service) - place.indexOf(b.service));
  }, [items, isByService]);
  const keys = useMemo(() => breakerFilterKeys(items), [items]);
  const filter = readFilterInput(search.q ?? "", keys);
  const shown = filterBreakers(rows, filter);

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const goTo = (key: string) => setSearch({ breaker: key }, true);
  const { q, view } = search;
  const hrefOf = useCallback(
    (key: string) => stringifySearch({ q, view, breaker: key, at: moment }),
    [q, view, moment],
  );

  return (
    <Page title="Breakers" observation={data ?? null}>
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
        <div className="tool">
          <FilterBar
            label="Filter breakers"
            keys={keys}
            filter={filter}
            isInstant
            onChange={(next) => setSearch({ q: writeFilter(next) }, true)}
          />
          <fieldset className={`seg ${css.view}`} aria-label="View">
            <button
              type="button"
              aria-pressed={!isByService}
              onClick={() => setSearch({ view: undefined }, true)}
            >
              List
            </button>
            <button
              type="button"
              aria-pressed={isByService}
              onClick={() => setSearch({ view: "service" }, true)}
            >
              By service
            </button>
          </fieldset>
        </div>
        <Panel
          name="Breakers"
          query={breakers}
          skeletonRows={10}
          freshness={{ state, ageMs: null }}
          isEmpty={(list) => list.items.length === 0}
          empty={
            <Empty title="No breaker yet">
              Breakers appear here when a service reports them, when a Prometheus target that is watched tells
              of them, and when a webhook endpoint is made.
            </Empty>
          }
        >
          {(list) => (
            <>
              <FreshnessLine observedAt={list.observedAt} currency={currency} />
              <BreakersSummary rows={shown} all={list.items.length} />
              {shown.length === 0 ? (
                <Empty title="No breaker matches">
                  <button type="button" className="btn" onClick={() => setSearch({ q: undefined })}>
                    Clear filter
                  </button>
                </Empty>
              ) : (
                <Table
                  caption="Breakers, most failed calls first"
                  className={`cards ${css.table}`}
                  columns={breakerColumns[state]}
                  rows={shown}
                  keyOf={keyOf}
                  rowClass={rowClass}
                  openKey={search.breaker}
                  onOpen={(key) => setSearch({ breaker: key })}
                  hrefOf={hrefOf}
                  {...(isByService ? { groupOf: serviceOf } : {})}
                />
              )}
              <StateChanges rows={shown} />
            </>
          )}
        </Panel>
      </Split>
    </Page>
  );
};
