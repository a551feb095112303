import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ServiceRow } from "@wheelhouse/shared/health/health.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { useCan } from "#lib/api/session.ts";
import { useBoard } from "#lib/live/live-board.ts";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useMoment } from "#lib/live/moment.ts";
import { useNow } from "#lib/live/now.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import { onDemand } from "#lib/on-demand.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { type Filter, type FilterKey, readFilterInput, writeFilter } from "#ui/filter/filter-tokens.ts";
import { Segments } from "#ui/filter/segments.tsx";
import { type Currency, FreshnessLine, freshnessOf, useCurrency } from "#ui/page/freshness-line.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { LiveTable, NoMatch } from "#ui/table/table.tsx";
import { ServicesGraph } from "./services-graph.tsx";
import { serviceRowClass, useServiceColumns } from "./services-list.tsx";
import { servicesBoard, servicesQuery } from "./services-queries.ts";
import { ServicesSummary } from "./services-summary.tsx";
import {
  byGroup,
  filterServices,
  groupName,
  type ServiceView,
  serviceFilterKeys,
  viewServices,
} from "./services-view.ts";

const ServiceDrawer = onDemand(async () => ({
  default: (await import("./service-drawer.tsx")).ServiceDrawer,
}));

const route = getRouteApi("/o/$org/services");
type Search = {
  q?: string | undefined;
  view?: "tree" | "graph" | undefined;
  service?: string | undefined;
};

const pollIntervalMs = 5000;
const none: readonly ServiceRow[] = [];
const looks = [
  { value: undefined, label: "List" },
  { value: "tree", label: "Tree" },
  { value: "graph", label: "Graph" },
] as const;
const keyOf = ({ row }: ServiceView): string => row.id;
const groupOf = ({ row }: ServiceView): string => groupName(row);

/** Lines of the list; unchanged lines keep their identity. */
const useServiceViews = (rows: readonly ServiceRow[]): readonly ServiceView[] => {
  const nowMs = useNow();
  const before = useRef<ReadonlyMap<string, ServiceView>>(new Map());
  const views = useMemo(() => viewServices(rows, nowMs, before.current), [rows, nowMs]);
  useEffect(() => {
    before.current = new Map(views.map((view) => [view.row.id, view]));
  }, [views]);
  return views;
};

/** The next step of an organization that watches nothing: whoever may add a source is led there. */
const NoServices = ({ organization }: { organization: string }) => {
  const canAdd = useCan(organization, "sources:manage");
  return (
    <Empty title="No services yet">
      {canAdd ? (
        <>
          <p>Watch a health address; its service appears here within seconds.</p>
          <Link className="btn" to="/o/$org/sources" params={{ org: organization }}>
            Add a source
          </Link>
        </>
      ) : (
        "An admin can add services under Sources, or in wheelhouse.yaml. They appear here within seconds."
      )}
    </Empty>
  );
};

/** The filtered services as list, tree or graph, as the URL says. */
const Services = (props: {
  organization: string;
  query: PanelQuery<{ items: readonly ServiceRow[]; observedAt: string | null }>;
  currency: Currency;
  views: readonly ServiceView[];
  shown: readonly ServiceView[];
  search: Search;
  hrefOf: (key: string) => string;
  onSearch: (change: { q?: undefined; service?: string }) => void;
}) => {
  const { organization, query, currency, views, shown, search, hrefOf, onSearch } = props;
  const freshness = freshnessOf(currency);
  const columns = useServiceColumns(freshness.state, views);
  const open = (id: string) => onSearch({ service: id });
  return (
    <Panel
      name="Services"
      query={query}
      skeletonRows={12}
      freshness={freshness}
      isEmpty={({ items }) => items.length === 0}
      empty={<NoServices organization={organization} />}
    >
      {({ observedAt }) => (
        <>
          <FreshnessLine observedAt={observedAt} currency={currency} />
          <ServicesSummary views={views} shown={shown.length} onOpen={open} />
          {shown.length === 0 ? (
            <NoMatch title="No services match" onClear={() => onSearch({ q: undefined })} />
          ) : search.view === "graph" ? (
            <ServicesGraph
              organization={organization}
              views={shown}
              isFresh={freshness.state === "fresh"}
              openId={search.service}
              onOpen={open}
            />
          ) : (
            <LiveTable
              caption={search.view === "tree" ? "Services by group" : "Services, worst first"}
              className="cards"
              columns={columns}
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
  );
};

const Tools = (props: {
  organization: string;
  keys: readonly FilterKey[];
  filter: Filter;
  view: Search["view"];
  onSearch: (change: Pick<Search, "q" | "view">, replace?: boolean) => void;
}) => {
  const { organization, keys, filter, view, onSearch } = props;
  const maySeeSources = useCan(organization, "sources:read");
  return (
    <div className="tool">
      <FilterBar
        label="Filter services"
        keys={keys}
        filter={filter}
        isInstant
        onChange={(next) => onSearch({ q: writeFilter(next) }, true)}
      />
      {maySeeSources && (
        <Link className="btn" to="/o/$org/sources" params={{ org: organization }}>
          Sources
        </Link>
      )}
      <Segments options={looks} value={view} onChange={(look) => onSearch({ view: look })} />
    </div>
  );
};

export const ServicesPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useBoard(servicesBoard, org);
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

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const open = (id: string) => setSearch({ service: id });
  const goTo = (id: string) => setSearch({ service: id }, true);
  const { q, view } = search;
  const hrefOf = useCallback((key: string) => stringifySearch({ q, view, service: key }), [q, view]);

  return (
    <Page title={organizationPages.services.title} observation={data ?? null}>
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
              {...neighboursOf(shown.map(keyOf), search.service, goTo)}
              onOpen={open}
              onShowGraph={() => setSearch({ view: "graph" })}
              onClose={() => setSearch({ service: undefined })}
            />
          )
        }
      >
        <Tools organization={org} keys={keys} filter={filter} view={search.view} onSearch={setSearch} />
        <Services
          organization={org}
          query={services}
          currency={currency}
          views={views}
          shown={shown}
          search={search}
          hrefOf={hrefOf}
          onSearch={setSearch}
        />
      </Split>
    </Page>
  );
};
