import type { Annotation } from "@wheelhouse/shared/history.ts";
import { memo } from "react";
import {
  Area,
  ComposedChart,
  Line,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  usePlotArea,
  XAxis,
  YAxis,
} from "recharts";
import { formatDate, formatTime, zoneName } from "#lib/format.ts";
import { type Extremes, loneOf, type Point } from "#lib/history/history-points.ts";
import { usePreferences } from "#lib/preferences.ts";
import css from "./history-charts.module.css";

export type PlotTone = "plain" | "accent" | "bad" | "warn";
export type PlotProps = {
  /** Description for screen readers. */
  label: string;
  lines: readonly { label: string; tone: PlotTone }[];
  points: readonly Point[];
  extremes: readonly Extremes[];
  marks: readonly { at: Annotation; isOwn: boolean }[];
  fromMs: number;
  toMs: number;
  format: (value: number) => string;
  top?: number | undefined;
  threshold?: number | undefined;
};

const heightPx = 96;
/** Width of the scale, which the time axis below leaves free as well. */
const scalePx = 56;
/** The tooltip of a point includes changes within this share of the range. */
const near = 0.01;
const colours = {
  plain: "var(--text-3)",
  accent: "var(--accent)",
  bad: "var(--chart-bad)",
  warn: "var(--chart-warn)",
} as const;

const Told = ({ point, plot }: { point: Point; plot: PlotProps }) => {
  const { zone } = usePreferences();
  const { lines, format, marks, fromMs, toMs } = plot;
  const at = new Date(point.atMs).toISOString();
  const reachMs = (toMs - fromMs) * near;
  const changes = marks.filter(({ at: { at: time } }) => Math.abs(Date.parse(time) - point.atMs) <= reachMs);
  return (
    <div className={css.told}>
      <div className="c3">
        {toMs - fromMs > 86_400_000 ? `${formatDate(at, zone)} ` : ""}
        {formatTime(at, zone)} {zoneName(zone)}
      </div>
      {lines.map(({ label }, place) => {
        const value = point.values[place] ?? null;
        return (
          <div key={label}>
            {label} <b>{value === null ? "unknown" : format(value)}</b>
          </div>
        );
      })}
      {changes.slice(0, 3).map(({ at: { id, text } }) => (
        <div key={id} className={css.toldChange}>
          {text}
        </div>
      ))}
    </div>
  );
};

/** Changes as two paths, because separate reference lines of the library slow down the whole chart. */
const Marks = ({ marks, fromMs, toMs }: Pick<PlotProps, "marks" | "fromMs" | "toMs">) => {
  const area = usePlotArea();
  if (area === undefined) return null;
  const pathOf = (some: PlotProps["marks"]) =>
    some
      .map(({ at: { at } }) => area.x + ((Date.parse(at) - fromMs) / (toMs - fromMs)) * area.width)
      .filter((x) => x >= area.x && x <= area.x + area.width)
      .map((x) => `M${Math.round(x * 10) / 10} ${area.y}v${area.height}`)
      .join("");
  return (
    <>
      <path className={css.mark} d={pathOf(marks.filter(({ isOwn }) => !isOwn))} />
      <path className={css.ownMark} d={pathOf(marks.filter(({ isOwn }) => isOwn))} />
    </>
  );
};

const solidLine = {
  type: "linear",
  strokeWidth: 1.5,
  dot: false,
  activeDot: { r: 3 },
  connectNulls: false,
  isAnimationActive: false,
} as const;
const loneDots = { stroke: "none", activeDot: false, isAnimationActive: false } as const;
const dotOf = (tone: PlotTone) => ({ r: 1.5, fill: colours[tone], stroke: "none" });
const extremesArea = {
  stroke: "none",
  fillOpacity: 0.14,
  connectNulls: false,
  isAnimationActive: false,
  activeDot: false,
} as const;

/** Chart data by moment: the range, `v…` for each line, `l…` for isolated values. */
const dataOf = ({ points, extremes }: PlotProps, lone: readonly ReadonlySet<number>[]) => {
  const ranges = new Map(extremes.map(({ atMs, range }) => [atMs, range]));
  return points.map(({ atMs, values }) => ({
    atMs,
    range: ranges.get(atMs) ?? null,
    ...Object.fromEntries(values.map((value, place) => [`v${place}`, value])),
    ...Object.fromEntries(values.map((value, place) => [`l${place}`, lone[place]?.has(atMs) ? value : null])),
  }));
};

/** Lines over a time range, with gaps where data is missing; changes are hairlines on the same axis. */
const HistoryPlot = (plot: PlotProps) => {
  const { label, lines, points, extremes, marks, fromMs, toMs, format, top, threshold } = plot;
  const byTime = new Map(points.map((point) => [point.atMs, point]));
  const lone = lines.map((_, place) => new Set(loneOf(points, place)));
  const data = dataOf(plot, lone);
  const [first] = lines;
  return (
    <ResponsiveContainer width="100%" height={heightPx}>
      <ComposedChart
        data={data}
        margin={{ top: 8, right: 1, bottom: 8, left: 0 }}
        syncId="history"
        syncMethod="value"
        aria-label={label}
      >
        <XAxis dataKey="atMs" type="number" domain={[fromMs, toMs]} allowDataOverflow hide />
        <YAxis
          width={scalePx}
          tickCount={3}
          interval={0}
          domain={[0, top ?? "auto"]}
          tickFormatter={(value: number) => format(value)}
          tick={{ fill: "var(--text-3)", fontSize: 12 }}
          stroke="var(--line-2)"
          tickLine={false}
        />
        {extremes.length > 0 && first !== undefined && (
          <Area {...extremesArea} dataKey="range" fill={colours[first.tone]} />
        )}
        {threshold !== undefined && (
          <ReferenceLine y={threshold} stroke="var(--control-line)" strokeDasharray="3 3" />
        )}
        <Marks marks={marks} fromMs={fromMs} toMs={toMs} />
        {lines.map(({ label: name, tone }, place) => (
          <Line key={name} {...solidLine} name={name} dataKey={`v${place}`} stroke={colours[tone]} />
        ))}
        {lines.map(({ label: name, tone }, place) =>
          lone[place]?.size === 0 ? null : (
            <Line key={`${name}, lone`} {...loneDots} dataKey={`l${place}`} dot={dotOf(tone)} />
          ),
        )}
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: "var(--control-line)" }}
          content={({ active, label: atMs }) => {
            const point = byTime.get(Number(atMs));
            return active === true && point !== undefined ? <Told point={point} plot={plot} /> : null;
          }}
        />
      </ComposedChart>
    </ResponsiveContainer>
  );
};

// Memoized, because its surroundings render every second.
export default memo(HistoryPlot);
