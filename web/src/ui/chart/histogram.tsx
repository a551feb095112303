import { type KeyboardEvent, type PointerEvent, useState } from "react";

type Range = { fromMs: number; toMs: number };
type Series = { label: string; tone: "ok" | "open" | "warn" | "bad" | "sel" };

const heightUnits = 56;
/** Dragging needs a keyboard alternative. */
const reachable = { tabIndex: 0 };

/** Bars `first` to `last`, in either order, as a range of time. */
export const rangeOfBars = (first: number, last: number, fromMs: number, barMs: number): Range => ({
  fromMs: fromMs + Math.min(first, last) * barMs,
  toMs: fromMs + (Math.max(first, last) + 1) * barMs,
});

/** The selection after an arrow key, or with Shift its moved end; null beyond the bars. */
const movedRange = (
  selection: Range | null,
  by: number,
  widens: boolean,
  { fromMs, barMs, count }: { fromMs: number; barMs: number; count: number },
): Range | null => {
  const endMs = fromMs + count * barMs;
  const from = selection ?? { fromMs: endMs - barMs, toMs: endMs };
  const next = widens
    ? { fromMs: from.fromMs, toMs: Math.max(from.toMs + by * barMs, from.fromMs + barMs) }
    : { fromMs: from.fromMs + by * barMs, toMs: from.toMs + by * barMs };
  return next.fromMs >= fromMs && next.toMs <= endMs ? next : null;
};

const Bar = (props: { bar: readonly number[]; x: number; top: number; series: readonly Series[] }) => {
  const { bar, x, top, series } = props;
  let baseUnits = 0;
  return (
    <g>
      {bar.map((value, place) => {
        const units = (value / top) * (heightUnits - 2);
        const y = heightUnits - baseUnits - units;
        baseUnits += units;
        const { tone, label: name } = series[place] ?? { tone: "ok", label: "" };
        return units === 0 ? null : (
          <rect key={name} className={`bar-${tone}`} x={x + 0.6} y={y} width={8.8} height={units} />
        );
      })}
    </g>
  );
};

const Selected = ({ fromX, toX }: { fromX: number; toX: number }) => (
  <g className="hist-sel">
    <rect x={fromX} y={0} width={Math.max(toX - fromX, 1)} height={heightUnits} />
    <path d={`M${fromX} 0V${heightUnits}M${toX} 0V${heightUnits}`} />
  </g>
);

/**
 * Stacked bars over time that select a range: drag over them, or arrow keys (Shift widens), Escape clears.
 *
 * `bars`: one number per series for each bar, bottom first; each bar lasts `barMs`, the first begins at
 * `fromMs`. `selection` is drawn over bars that it does not filter, so it can be moved.
 */
export const Histogram = (props: {
  label: string;
  bars: readonly (readonly number[])[];
  series: readonly Series[];
  fromMs: number;
  barMs: number;
  selection: Range | null;
  onSelect: (range: Range | null) => void;
}) => {
  const { label, bars, series, fromMs, barMs, selection, onSelect } = props;
  const [drag, setDrag] = useState<{ first: number; last: number } | null>(null);
  const top = Math.max(1, ...bars.map((bar) => bar.reduce((sum, value) => sum + value, 0)));
  const width = bars.length * 10;
  const placed = bars.map((bar, index) => ({ bar, index, startMs: fromMs + index * barMs }));

  const barAt = (event: PointerEvent<SVGSVGElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * bars.length);
    return Math.min(Math.max(place, 0), bars.length - 1);
  };
  const shown = drag === null ? selection : rangeOfBars(drag.first, drag.last, fromMs, barMs);
  const x = (atMs: number) => Math.min(Math.max(((atMs - fromMs) / barMs) * 10, 0), width);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && selection !== null) {
      event.stopPropagation();
      onSelect(null);
      return;
    }
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = movedRange(selection, by, event.shiftKey, { fromMs, barMs, count: bars.length });
    if (next !== null) onSelect(next);
  };

  return (
    <svg
      className="hist"
      viewBox={`0 0 ${width} ${heightUnits}`}
      preserveAspectRatio="none"
      role="application"
      aria-label={`${label}. Arrow keys select a range, Shift widens it, Escape clears it.`}
      {...reachable}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        const bar = barAt(event);
        setDrag({ first: bar, last: bar });
      }}
      onPointerMove={(event) => {
        if (drag !== null) setDrag({ first: drag.first, last: barAt(event) });
      }}
      onPointerUp={() => {
        if (drag !== null) onSelect(rangeOfBars(drag.first, drag.last, fromMs, barMs));
        setDrag(null);
      }}
      onPointerCancel={() => setDrag(null)}
    >
      {placed.map(({ bar, startMs, index }) => (
        <Bar key={startMs} bar={bar} x={index * 10} top={top} series={series} />
      ))}
      {shown !== null && <Selected fromX={x(shown.fromMs)} toX={x(shown.toMs)} />}
    </svg>
  );
};

/** Legend of a chart. */
export const Legend = ({ series }: { series: readonly Series[] }) => (
  <>
    {series.map(({ label, tone }) => (
      <span key={label} className="key">
        <i className={tone === "sel" ? "acc" : tone} />
        {label}
      </span>
    ))}
  </>
);
