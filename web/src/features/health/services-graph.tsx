import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatLatency, formatPlural } from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { Icon, type IconName } from "#ui/text/icon.tsx";
import { type GraphLayout, layOutGraph, neighbourOf, nodeSize, type Space } from "./graph-layout.ts";
import styles from "./services.module.css";
import { callKey, callRatesQuery } from "./services-queries.ts";
import type { ServiceView } from "./services-view.ts";

type Look = { className: string; icon: IconName; text: string };

const lookOf = ({ row, isStale }: ServiceView, isFresh: boolean): Look => {
  const p95 = row.latencyMsP95 === null ? "" : `${formatLatency(row.latencyMsP95)} p95`;
  if (!isFresh) return { className: styles.nodeStale ?? "", icon: "stale", text: `was ${row.label}` };
  if (row.maintenance !== null) return { className: "", icon: "paused", text: "Maintenance" };
  if (row.state !== "ok" && row.explainedBy !== null)
    return { className: styles.nodeAffected ?? "", icon: row.state, text: `${row.label}, affected` };
  if (row.state === "down")
    return { className: styles.nodeDown ?? "", icon: "down", text: "Down, root cause" };
  if (row.state === "degraded")
    return { className: styles.nodeDegraded ?? "", icon: "degraded", text: "Degraded, root cause" };
  if (isStale) return { className: styles.nodeStale ?? "", icon: "stale", text: "Stale" };
  if (row.state === "unknown")
    return { className: styles.nodeAffected ?? "", icon: "unknown", text: "Unknown" };
  return { className: "", icon: "ok", text: p95 === "" ? "OK" : p95 };
};

const arrows = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"] as const;
const arrowOf = (key: string) => arrows.find((arrow) => arrow === key);
/** Below the graph: legend and padding. */
const footPx = 72;

/** The space of an element down to the end of the window; null until it is on the page. */
const useSpace = (frame: RefObject<HTMLElement | null>): Space | null => {
  const [space, setSpace] = useState<Space | null>(null);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => {
      const { top, width } = element.getBoundingClientRect();
      const next = {
        width: Math.floor(width) - 2,
        height: Math.floor(window.innerHeight - top - footPx),
      };
      setSpace((before) => (before?.width === next.width && before.height === next.height ? before : next));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    window.addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      window.removeEventListener("resize", measure);
    };
  }, [frame]);
  return space;
};
const nameChars = 16;
const cut = (name: string) => (name.length > nameChars ? `${name.slice(0, nameChars - 1)}…` : name);

const Legend = ({ nodes, calls }: { nodes: number; calls: number }) => (
  <div className={styles.legend}>
    <span className="key">
      <i className={styles.keyRoot} />
      root cause
    </span>
    <span className="key">
      <i className={styles.keyAffected} />
      affected, explained by a root cause
    </span>
    <span className="key">
      <i className={styles.keyStale} />
      stale
    </span>
    <span className="key">
      <i className={styles.keyOk} />
      OK
    </span>
    <span className="key">
      <i className={styles.keyLine} />
      failing calls
    </span>
    <span className="grow" />
    <span className="t12 c3">
      {formatPlural(nodes, "service")}, {formatCount(calls)} {calls === 1 ? "call" : "calls"}. Arrow keys
      follow the lines, Enter opens.
    </span>
  </div>
);

const Ends = () => (
  <div className={`${styles.ends} t12 c3`}>
    <span>Callers</span>
    <span>calls →</span>
    <span>Dependencies</span>
  </div>
);

/** The layout depends only on the calls, so that nothing moves when a state changes. */
const useGraphLayout = (views: readonly ServiceView[], space: Space | null): GraphLayout => {
  const kept = useRef<{ shape: string; layout: GraphLayout } | null>(null);
  return useMemo(() => {
    const nodes = views.map(({ row: { id, name, dependsOn } }) => ({ id, name, dependsOn }));
    const calls = nodes.map(({ id, name, dependsOn }) => [id, name, ...dependsOn]).sort();
    const shape = JSON.stringify([space?.width, space?.height, calls]);
    const known = kept.current;
    if (known?.shape === shape) return known.layout;
    const layout = layOutGraph(nodes, space ?? undefined);
    kept.current = { shape, layout };
    return layout;
  }, [views, space]);
};

const Node = (props: {
  view: ServiceView;
  isFresh: boolean;
  isOpen: boolean;
  x: number;
  y: number;
  onOpen: (id: string) => void;
  onKeyDown: (event: KeyboardEvent, id: string) => void;
}) => {
  const { view, isFresh, isOpen, x, y, onOpen, onKeyDown } = props;
  const { id } = view.row;
  const { className, icon, text } = lookOf(view, isFresh);
  const isCut = view.row.name.length > nameChars;
  return (
    <a
      href={`?service=${encodeURIComponent(id)}`}
      data-id={id}
      className={`${styles.node} ${className} ${isOpen ? styles.nodeOpen : ""}`}
      aria-label={isCut ? `${view.row.name}, ${text}` : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        onOpen(id);
      }}
      onKeyDown={(event) => onKeyDown(event, id)}
    >
      {isCut && <title>{view.row.name}</title>}
      <rect x={x} y={y} width={nodeSize.width} height={nodeSize.height} rx="6" />
      <g transform={`translate(${x + 9} ${y + 16})`}>
        <Icon name={icon} />
      </g>
      <text x={x + 30} y={y + 20}>
        {cut(view.row.name)}
        {/* Separates name and state for screen readers. */}
        <tspan fillOpacity="0">, </tspan>
      </text>
      <text className={styles.nodeText} x={x + 30} y={y + 36}>
        {text}
      </text>
    </a>
  );
};

const Edges = (props: {
  edges: GraphLayout["edges"];
  byId: ReadonlyMap<string, ServiceView>;
  rates: ReadonlyMap<string, number> | undefined;
  isFresh: boolean;
}) => {
  const { byId, rates, isFresh } = props;
  const fails = (id: string) => {
    const state = byId.get(id)?.row.state;
    return isFresh && state !== undefined && state !== "ok";
  };
  const edgeClass = (from: string, to: string) => {
    if (!fails(from) || !fails(to)) return styles.edge;
    const isCause = byId.get(from)?.row.explainedBy === to;
    return `${styles.edge} ${isCause ? styles.edgeBad : styles.edgeAffected}`;
  };
  // Failing calls are drawn above the others.
  const edges = [...props.edges].sort(
    (a, b) => Number(fails(a.from) && fails(a.to)) - Number(fails(b.from) && fails(b.to)),
  );
  return edges.map(({ from, to, d, label }) => {
    const rate = rates?.get(callKey(from, to));
    return (
      <g key={`${from} ${to}`}>
        <path className={edgeClass(from, to)} d={d} />
        {rate !== undefined && (
          <text className={styles.rate} x={label.x} y={label.y + 4}>
            {formatCount(Math.round(rate))}/min
          </text>
        )}
      </g>
    );
  });
};

/** Scrolls to the open service. */
const useShown = (frame: RefObject<SVGSVGElement | null>, openId: string | undefined) => {
  useEffect(() => {
    if (openId !== undefined)
      frame.current
        ?.querySelector(`[data-id="${CSS.escape(openId)}"]`)
        ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [frame, openId]);
};

/** Dependency graph, callers left. Arrow keys follow the lines, Enter opens the drawer. */
export const ServicesGraph = (props: {
  organization: string;
  views: readonly ServiceView[];
  isFresh: boolean;
  openId: string | undefined;
  onOpen: (id: string) => void;
}) => {
  const { organization, views, isFresh, openId, onOpen } = props;
  const frame = useRef<SVGSVGElement>(null);
  const canvas = useRef<HTMLElement>(null);
  const layout = useGraphLayout(views, useSpace(canvas));
  const canRead = useCan(organization, "breakers:read");
  const rates = useQuery({ ...callRatesQuery(organization, useMoment()), enabled: canRead }).data;
  const byId = new Map(views.map((view) => [view.row.id, view]));
  const focus = (id: string) =>
    frame.current?.querySelector<SVGAElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();
  useShown(frame, openId);

  const onKeyDown = (event: KeyboardEvent, id: string) => {
    const arrow = arrowOf(event.key);
    if (arrow === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = neighbourOf(layout, id, arrow);
    if (next !== null) focus(next);
  };
  return (
    <div className={styles.graph}>
      <Ends />
      <figure
        ref={canvas}
        className={styles.canvas}
        aria-label="Dependency graph, callers left, dependencies right"
      >
        <svg
          ref={frame}
          width={layout.width + 2}
          height={layout.height + 2}
          viewBox={`-1 -1 ${layout.width + 2} ${layout.height + 2}`}
        >
          <title>Dependency graph</title>
          <Edges edges={layout.edges} byId={byId} rates={isFresh ? rates : undefined} isFresh={isFresh} />
          {[...layout.placed.values()].map(({ id, x, y }) => {
            const view = byId.get(id);
            if (view === undefined) return null;
            return (
              <Node
                key={id}
                view={view}
                isFresh={isFresh}
                isOpen={id === openId}
                x={x}
                y={y}
                onOpen={onOpen}
                onKeyDown={onKeyDown}
              />
            );
          })}
        </svg>
      </figure>
      <Legend nodes={views.length} calls={layout.edges.length} />
    </div>
  );
};
