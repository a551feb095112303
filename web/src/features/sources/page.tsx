import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import type { listSources, WatchedSource } from "@wheelhouse/shared/sources.ts";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatPlural } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { readFilterInput, writeFilter } from "#ui/filter/filter-tokens.ts";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { FilteredTable } from "#ui/table/table.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { CacheDialog } from "./cache-dialog.tsx";
import { sourceColumns, sourceRowClass } from "./columns.tsx";
import { DeleteSourceDialog } from "./delete-dialog.tsx";
import { SourceDrawer } from "./drawer.tsx";
import { refreshIntervalMs, sourcesQuery } from "./queries.ts";
import { ServerDialog } from "./server-dialog.tsx";
import css from "./sources.module.css";
import { TargetDialog } from "./target-dialog.tsx";
import { filterSources, kindCounts, type SourceView, sourceFilterKeys, viewSources } from "./view.ts";

const route = getRouteApi("/o/$org/sources");
const none: readonly WatchedSource[] = [];
const keyOf = ({ source }: SourceView): string => source.id;

type File = EndpointResult<typeof listSources>["file"];
type Act =
  | { act: "service" | "prometheus" | "cache" | "server"; source?: undefined }
  | { act: "change" | "delete"; source: WatchedSource };

/** Age is measured at the last answer; when answers stop, at the current time. */
const useViews = (sources: readonly WatchedSource[], answeredAtMs: number): readonly SourceView[] => {
  const judgedAtMs = Math.max(answeredAtMs, useNow() - 2 * refreshIntervalMs);
  const before = useRef<ReadonlyMap<string, SourceView>>(new Map());
  const views = useMemo(() => viewSources(sources, judgedAtMs, before.current), [sources, judgedAtMs]);
  useEffect(() => {
    before.current = new Map(views.map((view) => [view.source.id, view]));
  }, [views]);
  return views;
};

/** Status of the file; after an invalid edit, the error and the version in effect. */
const FileLine = ({ file }: { file: File }) => {
  const { name, readAt, goodAt, failingSince, problems } = file;
  if (name === null)
    return (
      <p className="c3 t12">No file declares sources here. Only Wheelhouse's own servers are watched.</p>
    );
  if (failingSince === null)
    return (
      <p className="c3 t12">
        {name} is valid, read <Age at={readAt} suffix="ago" />.
      </p>
    );
  return (
    <Note tone="bad" title={`The last edit of ${name} is invalid.`}>
      Since <Time at={failingSince} full /> the last valid version stays in effect, read{" "}
      <Time at={goodAt} full />.
      {problems.length === 0 ? (
        " The platform organization can see the error."
      ) : (
        <ul className={css.problems}>
          {problems.map((problem) => (
            <li key={problem} className="mono">
              {problem}
            </li>
          ))}
        </ul>
      )}
    </Note>
  );
};

const Dialogs = (props: {
  organization: string;
  asked: Act | null;
  sources: readonly WatchedSource[];
  onClose: () => void;
  onDeleted: () => void;
}) => {
  const { asked, sources, onDeleted, ...rest } = props;
  if (asked === null) return null;
  const { act, source } = asked;
  if (source === undefined)
    return act === "server" ? (
      <ServerDialog {...rest} source={null} />
    ) : act === "cache" ? (
      <CacheDialog {...rest} source={null} sources={sources} />
    ) : (
      <TargetDialog {...rest} source={act} sources={sources} />
    );
  if (act === "delete")
    return <DeleteSourceDialog {...rest} source={source} sources={sources} onDeleted={onDeleted} />;
  const { kind } = source;
  if (kind === "cache") return <CacheDialog {...rest} source={source} sources={sources} />;
  return kind === "redis" || kind === "postgres" ? (
    <ServerDialog {...rest} source={{ ...source, kind }} />
  ) : (
    <TargetDialog {...rest} source={source} sources={sources} />
  );
};

/** The sources as list rows, and those that pass the filter. */
const useSources = (organization: string, q: string | undefined) => {
  const query = useQuery(sourcesQuery(organization));
  const sources = query.data?.items ?? none;
  const views = useViews(sources, query.data?.answeredAtMs ?? 0);
  const keys = useMemo(() => sourceFilterKeys(views), [views]);
  const filter = readFilterInput(q ?? "", keys);
  return { query, sources, views, keys, filter, shown: filterSources(views, filter) };
};

/** Buttons for the kinds of sources that the reader may add. */
const AddButtons = (props: { organization: string; onAsk: (act: Act) => void }) => {
  const { organization, onAsk } = props;
  const canManage = useCan(organization, "sources:manage");
  const canConnect = useCan(organization, "sources:connect");
  return (
    <>
      {canManage && (
        <Button variant="primary" onClick={() => onAsk({ act: "service" })}>
          Watch a service…
        </Button>
      )}
      {canManage && <Button onClick={() => onAsk({ act: "prometheus" })}>Metrics…</Button>}
      {canManage && <Button onClick={() => onAsk({ act: "cache" })}>Cache…</Button>}
      {canConnect && <Button onClick={() => onAsk({ act: "server" })}>Server…</Button>}
    </>
  );
};

/** Number of sources, status of the file and the filtered list. */
const Sources = (props: {
  query: PanelQuery<{ items: readonly WatchedSource[]; file: File }>;
  views: readonly SourceView[];
  shown: readonly SourceView[];
  openKey: string | undefined;
  organization: string;
  hrefOf: (key: string) => string;
  onSearch: (change: { q?: undefined; source?: string }) => void;
}) => {
  const { query, views, shown, openKey, organization, hrefOf, onSearch } = props;
  const canManage = useCan(organization, "sources:manage");
  return (
    <Panel
      name="Sources"
      query={query}
      skeletonRows={10}
      isEmpty={({ items, file }) => items.length === 0 && file.failingSince === null}
      empty={
        <Empty title="No sources in this organization yet">
          {canManage
            ? "Watch a service, or add sources of this organization to wheelhouse.yaml."
            : "A member with permission to manage sources can add them here or in wheelhouse.yaml."}
        </Empty>
      }
    >
      {({ file }) => (
        <>
          <div className={css.head}>
            <h2 className="t20 b">{`${formatPlural(views.length, "source")} watched`}</h2>
            <p className="c2">{kindCounts(views)}</p>
            <FileLine file={file} />
          </div>
          {views.length === 0 ? (
            <Empty title="No sources in this organization yet" />
          ) : (
            <FilteredTable
              noMatch="No sources match"
              onClear={() => onSearch({ q: undefined })}
              caption="Sources, worst first"
              className="cards"
              columns={sourceColumns}
              rows={shown}
              keyOf={keyOf}
              rowClass={sourceRowClass}
              openKey={openKey}
              onOpen={(id) => onSearch({ source: id })}
              hrefOf={hrefOf}
            />
          )}
        </>
      )}
    </Panel>
  );
};

/** Drawer of the source in the URL, with its dialogs. */
const OpenSource = (props: {
  organization: string;
  id: string;
  views: readonly SourceView[];
  shown: readonly SourceView[];
  onAsk: (act: Act) => void;
  onOpen: (id: string | undefined) => void;
}) => {
  const { organization, id, views, shown, onAsk, onOpen } = props;
  const go = useNavigate();
  const view = views.find(({ source }) => source.id === id);
  return (
    <SourceDrawer
      organization={organization}
      id={id}
      view={view}
      {...neighboursOf(shown.map(keyOf), id, onOpen)}
      onShowService={() =>
        void go({
          to: "/o/$org/services",
          params: { org: organization },
          search: { service: id },
        })
      }
      onChange={() => view && onAsk({ act: "change", source: view.source })}
      onDelete={() => view && onAsk({ act: "delete", source: view.source })}
      onClose={() => onOpen(undefined)}
    />
  );
};

const SourcesContent = ({ organization }: { organization: string }) => {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { query, sources, views, keys, filter, shown } = useSources(organization, search.q);
  const [asked, setAsked] = useState<Act | null>(null);

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const { q } = search;
  const hrefOf = useCallback((key: string) => stringifySearch({ q, source: key }), [q]);

  return (
    <Page title={organizationPages.sources.title} crumb="monitored targets">
      <Split
        drawer={
          search.source !== undefined &&
          query.data !== undefined && (
            <OpenSource
              key={search.source}
              organization={organization}
              id={search.source}
              views={views}
              shown={shown}
              onAsk={setAsked}
              onOpen={(id) => setSearch({ source: id }, id !== undefined)}
            />
          )
        }
      >
        <div className={`tool ${css.tool}`}>
          <FilterBar
            label="Filter sources"
            keys={keys}
            filter={filter}
            isInstant
            onChange={(next) => setSearch({ q: writeFilter(next) }, true)}
          />
          <AddButtons organization={organization} onAsk={setAsked} />
        </div>
        <Sources
          query={query}
          views={views}
          shown={shown}
          openKey={search.source}
          organization={organization}
          hrefOf={hrefOf}
          onSearch={setSearch}
        />
      </Split>
      <Dialogs
        organization={organization}
        asked={asked}
        sources={sources}
        onClose={() => setAsked(null)}
        onDeleted={() => {
          setAsked(null);
          setSearch({ source: undefined });
        }}
      />
    </Page>
  );
};

/** The watched sources, how each is read, and dialogs to change them. The URL holds the whole view. */
export const SourcesPage = () => {
  const { org } = route.useParams();
  if (!useCan(org, organizationPages.sources.capability)) {
    return (
      <Page title={organizationPages.sources.title}>
        <Empty title="You don't have access to this page">Ask an admin for “View sources”.</Empty>
      </Page>
    );
  }
  return <SourcesContent organization={org} />;
};
