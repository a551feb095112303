import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import type { listSources, WatchedSource } from "@wheelhouse/shared/sources.ts";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { useNow } from "#lib/now.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { useCan } from "#lib/session.ts";
import { Button } from "#ui/button.tsx";
import { FilterBar } from "#ui/filter-bar.tsx";
import { readFilterInput, writeFilter } from "#ui/filter-tokens.ts";
import { Note } from "#ui/note.tsx";
import { Page, Split } from "#ui/page.tsx";
import { Empty, Panel } from "#ui/panel.tsx";
import { Table } from "#ui/table.tsx";
import { Age, Time } from "#ui/time.tsx";
import css from "./sources.module.css";
import { CacheDialog } from "./sources-cache-dialog.tsx";
import { sourceColumns, sourceRowClass } from "./sources-columns.tsx";
import { DeleteSourceDialog } from "./sources-delete-dialog.tsx";
import { SourceDrawer } from "./sources-drawer.tsx";
import { refreshIntervalMs, sourcesQuery } from "./sources-queries.ts";
import { ServerDialog } from "./sources-server-dialog.tsx";
import { TargetDialog } from "./sources-target-dialog.tsx";
import { filterSources, kindCounts, type SourceView, sourceFilterKeys, viewSources } from "./sources-view.ts";

const route = getRouteApi("/o/$org/sources");
const none: readonly WatchedSource[] = [];
const keyOf = ({ source }: SourceView): string => source.id;

type File = EndpointResult<typeof listSources>["file"];
type Act =
  | { act: "service" | "prometheus" | "cache" | "server"; source?: undefined }
  | { act: "change" | "delete"; source: WatchedSource };

/** Age is judged as of the answer; of answers that stopped coming, as of now. */
const useViews = (sources: readonly WatchedSource[], answeredAtMs: number): readonly SourceView[] => {
  const judgedAtMs = Math.max(answeredAtMs, useNow() - 2 * refreshIntervalMs);
  const before = useRef<ReadonlyMap<string, SourceView>>(new Map());
  const views = useMemo(() => viewSources(sources, judgedAtMs, before.current), [sources, judgedAtMs]);
  useEffect(() => {
    before.current = new Map(views.map((view) => [view.source.id, view]));
  }, [views]);
  return views;
};

/** How the file was read last; while its last edit is bad, what is wrong and what holds instead. */
const FileLine = ({ file }: { file: File }) => {
  const { name, readAt, goodAt, failingSince, problems } = file;
  if (name === null)
    return <p className="c3 t12">No file declares sources here; Wheelhouse's own servers are watched.</p>;
  if (failingSince === null)
    return (
      <p className="c3 t12">
        {name} is good, read <Age at={readAt} suffix="ago" />.
      </p>
    );
  return (
    <Note tone="bad" title={`The last edit of ${name} is bad.`}>
      Since <Time at={failingSince} full /> its last good version is kept, read <Time at={goodAt} full />.
      {problems.length === 0 ? (
        " The platform's organization sees what is wrong."
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

const SourcesContent = ({ organization }: { organization: string }) => {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = useNavigate();
  const query = useQuery(sourcesQuery(organization));
  const canManage = useCan(organization, "sources:manage");
  const canConnect = useCan(organization, "sources:connect");
  const [asked, setAsked] = useState<Act | null>(null);
  const sources = query.data?.items ?? none;
  const views = useViews(sources, query.data?.answeredAtMs ?? 0);
  const keys = useMemo(() => sourceFilterKeys(views), [views]);
  const filter = readFilterInput(search.q ?? "", keys);
  const shown = filterSources(views, filter);
  const at = shown.findIndex(({ source }) => source.id === search.source);
  const open = views.find(({ source }) => source.id === search.source);

  const setSearch = (change: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...change }, replace });
  const toNeighbour = (by: 1 | -1) => {
    const next = at === -1 ? undefined : shown[at + by];
    return next === undefined ? undefined : () => setSearch({ source: next.source.id }, true);
  };
  const { q } = search;
  const hrefOf = useCallback((key: string) => stringifySearch({ q, source: key }), [q]);

  return (
    <Page title={organizationPages.sources.title} crumb="what is watched">
      <Split
        drawer={
          search.source !== undefined &&
          query.data !== undefined && (
            <SourceDrawer
              key={search.source}
              organization={organization}
              id={search.source}
              view={open}
              position={at === -1 ? undefined : `${at + 1} of ${shown.length}`}
              onPrevious={toNeighbour(-1)}
              onNext={toNeighbour(1)}
              onShowService={() =>
                void go({
                  to: "/o/$org/services",
                  params: { org: organization },
                  search: { service: search.source },
                })
              }
              onChange={() => open && setAsked({ act: "change", source: open.source })}
              onDelete={() => open && setAsked({ act: "delete", source: open.source })}
              onClose={() => setSearch({ source: undefined })}
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
          {canManage && (
            <Button variant="primary" onClick={() => setAsked({ act: "service" })}>
              Watch a service…
            </Button>
          )}
          {canManage && <Button onClick={() => setAsked({ act: "prometheus" })}>Metrics…</Button>}
          {canManage && <Button onClick={() => setAsked({ act: "cache" })}>Cache…</Button>}
          {canConnect && <Button onClick={() => setAsked({ act: "server" })}>Server…</Button>}
        </div>
        <Panel
          name="Sources"
          query={query}
          skeletonRows={10}
          isEmpty={({ items, file }) => items.length === 0 && file.failingSince === null}
          empty={
            <Empty title="Nothing is watched in this organization yet">
              {canManage
                ? "Watch a service, or name sources with this organization in wheelhouse.yaml."
                : "Someone who may manage sources can add them here or in wheelhouse.yaml."}
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
                <Empty title="Nothing is watched in this organization yet" />
              ) : shown.length === 0 ? (
                <Empty title="No source matches">
                  <button type="button" className="btn" onClick={() => setSearch({ q: undefined })}>
                    Clear filter
                  </button>
                </Empty>
              ) : (
                <Table
                  caption="Sources, worst first"
                  className="cards"
                  columns={sourceColumns}
                  rows={shown}
                  keyOf={keyOf}
                  rowClass={sourceRowClass}
                  openKey={search.source}
                  onOpen={(id) => setSearch({ source: id })}
                  hrefOf={hrefOf}
                />
              )}
            </>
          )}
        </Panel>
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

/** What is watched, how each is read, and how the list of it is changed. The address holds the whole view. */
export const SourcesPage = () => {
  const { org } = route.useParams();
  if (!useCan(org, organizationPages.sources.capability)) {
    return (
      <Page title={organizationPages.sources.title}>
        <Empty title="You may not see this">
          Needs <span className="mono">sources:read</span> here.
        </Empty>
      </Page>
    );
  }
  return <SourcesContent organization={org} />;
};
