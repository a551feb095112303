import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ServiceRow } from "@wheelhouse/shared/health.ts";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { useBoard } from "#lib/live-board.ts";
import { useLiveStatus } from "#lib/live-context.tsx";
import { useMoment } from "#lib/moment.ts";
import { useNow } from "#lib/now.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { useCan } from "#lib/session.ts";
import { FilterBar } from "#ui/filter-bar.tsx";
import { readFilterInput, writeFilter } from "#ui/filter-tokens.ts";
import { FreshnessLine, freshnessOf, useCurrency } from "#ui/freshness-line.tsx";
import { Page, Split } from "#ui/page.tsx";
import { Empty, Panel } from "#ui/panel.tsx";
import { Table } from "#ui/table.tsx";
import { ServiceDrawer } from "./health-service-drawer.tsx";
import { ServicesGraph } from "./health-services-graph.tsx";
import { serviceColumns, serviceRowClass } from "./health-services-list.tsx";
import { servicesBoard, servicesQuery } from "./health-services-queries.ts";
import { ServicesSummary } from "./health-services-summary.tsx";
import {
  byGroup,
  filterServices,
  groupName,
  type ServiceView,
  serviceFilterKeys,
  viewServices,
} from "./health-services-view.ts";

const route = getRouteApi("/o/$org/services");
const pollIntervalMs = 5000;
const none: readonly ServiceRow[] = [];
const looks = [
  { view: undefined, label: "List" },
  { view: "tree", label: "Tree" },
  { view: "graph", label: "Graph" },
] as const;
const keyOf = ({ row }: ServiceView): string => row.id;
const groupOf = ({ row }: ServiceView): string => groupName(row);

/** The lines of the list; those that say the same as a second ago are the same. */
const useServiceViews = (rows: readonly ServiceRow[]): readonly ServiceView[] => {
  const nowMs = useNow();
  const before = useRef<ReadonlyMap<string, ServiceView>>(new Map());
  const views = useMemo(() => viewServices(rows, nowMs, before.current), [rows, nowMs]);
  useEffect(() => {
    before.current = new Map(views.map((view) => [view.row.id, view]));
  }, [views]);
  return views;
};

export const ServicesPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useBoard(servicesBoard, org);
  const maySeeSources = useCan(org, "sources:read");
  const { connection } = useLiveStatus();
  const services = useQuery({
    ...servicesQuery(org, useMoment()),
    refetchInterval: connection.state === "closed" ? pollIntervalMs : false,
  });
  const { data } = services;
  const currency = useCurrency(data);
  const freshness = freshnessOf(currency);
  const views = useServiceViews(data?.items ?? none);
  const keys = useMemo(() => serviceFilterKeys(views), [views]);
  const filter = readFilterInput(search.q ?? "", keys);
  const matching = filterServices(views, filter);
  const shown = search.view === "tree" ? byGroup(matching) : matching;
  const at = shown.findIndex(({ row }) => row.id === search.service);

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const open = (id: string) => setSearch({ service: id });
  const toNeighbour = (by: 1 | -1) => {
    const next = at === -1 ? undefined : shown[at + by];
    return next === undefined ? undefined : () => setSearch({ service: next.row.id }, true);
  };
  const { q, view } = search;
  const hrefOf = useCallback((key: string) => stringifySearch({ q, view, service: key }), [q, view]);

  return (
    <Page title="Services" observation={data ?? null}>
      <Split
        drawer={
          search.service !== undefined &&
          data !== undefined && (
            <ServiceDrawer
              key={search.service}
              organization={org}
              id={search.service}
              view={views.find(({ row }) => row.id === search.service)}
              views={views}
              freshness={freshness}
              position={at === -1 ? undefined : `${at + 1} of ${shown.length}`}
              onPrevious={toNeighbour(-1)}
              onNext={toNeighbour(1)}
              onOpen={open}
              onShowGraph={() => setSearch({ view: "graph" })}
              onClose={() => setSearch({ service: undefined })}
            />
          )
        }
      >
        <div className="tool">
          <FilterBar
            label="Filter services"
            keys={keys}
            filter={filter}
            isInstant
            onChange={(next) => setSearch({ q: writeFilter(next) }, true)}
          />
          {maySeeSources && (
            <Link className="btn" to="/o/$org/sources" params={{ org }}>
              Sources
            </Link>
          )}
          <div className="seg">
            {looks.map(({ view: look, label }) => (
              <button
                key={label}
                type="button"
                aria-pressed={search.view === look}
                onClick={() => setSearch({ view: look })}
              >
                {label}
              </button>
            ))}
          </div>
        </div>
        <Panel
          name="Services"
          query={services}
          skeletonRows={12}
          freshness={freshness}
          isEmpty={({ items }) => items.length === 0}
          empty={
            <Empty title="No service is watched yet">
              Name services with their health addresses in wheelhouse.yaml; they appear here within seconds.
            </Empty>
          }
        >
          {({ observedAt }) => (
            <>
              <FreshnessLine observedAt={observedAt} currency={currency} />
              <ServicesSummary views={views} shown={shown.length} onOpen={open} />
              {shown.length === 0 ? (
                <Empty title="No service matches">
                  <button type="button" className="btn" onClick={() => setSearch({ q: undefined })}>
                    Clear filter
                  </button>
                </Empty>
              ) : search.view === "graph" ? (
                <ServicesGraph
                  views={shown}
                  isFresh={freshness.state === "fresh"}
                  openId={search.service}
                  onOpen={open}
                />
              ) : (
                <Table
                  caption={search.view === "tree" ? "Services by group" : "Services, worst first"}
                  className="cards"
                  columns={serviceColumns[freshness.state]}
                  rows={shown}
                  keyOf={keyOf}
                  rowClass={serviceRowClass}
                  openKey={search.service}
                  onOpen={open}
                  hrefOf={hrefOf}
                  {...(search.view === "tree" ? { groupOf } : {})}
                />
              )}
            </>
          )}
        </Panel>
      </Split>
    </Page>
  );
};
