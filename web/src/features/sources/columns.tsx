import { formatSpanShort } from "#lib/format.ts";
import { Status } from "#ui/page/status.tsx";
import type { Column } from "#ui/table/table.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "./sources.module.css";
import { formatOf, kindWords, type SourceView, stateWords } from "./view.ts";

/** State badge; without recent data it shows the last known state. */
export const SourceStatus = ({ view: { source, isStale } }: { view: SourceView }) =>
  isStale && source.state !== "down" ? (
    <Status tone="stale" label="Stale" was={stateWords[source.state].toLowerCase()} />
  ) : (
    <Status tone={source.state} label={stateWords[source.state]} />
  );

const LastRead = ({ view: { source, isStale } }: { view: SourceView }) =>
  source.observedAt === null ? (
    <span className="c3">never</span>
  ) : (
    <span className={isStale ? "tx-warn" : "c2"}>
      <Age at={source.observedAt} short suffix="ago" />
    </span>
  );

export const Origin = ({ view: { source } }: { view: SourceView }) =>
  source.origin === "file" ? (
    <span className="c3" title="Declared in wheelhouse.yaml and can be changed only there">
      File, read-only
    </span>
  ) : (
    <span className="c2">Console</span>
  );

export const sourceRowClass = ({ source, isStale }: SourceView): string =>
  source.state === "ok" && !isStale ? "quiet" : "";

export const sourceColumns: readonly Column<SourceView>[] = [
  {
    id: "name",
    header: "Source, worst first",
    sorted: "descending",
    className: `two ${css.first}`,
    card: "title",
    cell: ({ source }) => (
      <>
        <span className={css.name}>{source.name}</span>
        <small className={source.state === "ok" || source.cause === null ? "mono" : ""}>
          {source.state === "ok" || source.cause === null ? source.id : source.cause}
        </small>
      </>
    ),
  },
  { id: "state", header: "State", card: "badge", cell: (view) => <SourceStatus view={view} /> },
  { id: "kind", header: "Kind", className: "c2", cell: ({ source }) => kindWords[source.kind] },
  {
    id: "format",
    header: "Format",
    drop: "first",
    className: "c2",
    cell: ({ source }) => formatOf(source),
  },
  {
    id: "target",
    header: "Address",
    drop: "first",
    className: `cut c2 ${css.target}`,
    cell: ({ source: { target, kind, heartbeats } }) =>
      target ?? (heartbeats.length > 0 ? "sends heartbeats" : kind === "service" ? "–" : "Wheelhouse's own"),
  },
  {
    id: "interval",
    header: "Interval",
    num: true,
    drop: "second",
    className: "c2",
    cell: ({ source }) => formatSpanShort(source.intervalMs),
  },
  { id: "read", header: "Last read", num: true, card: "age", cell: (view) => <LastRead view={view} /> },
  { id: "origin", header: "Declared in", card: "detail", cell: (view) => <Origin view={view} /> },
];
