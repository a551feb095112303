import type { RunRates } from "@wheelhouse/shared/runs.ts";
import { formatRate, formatTime, zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import css from "./run.module.css";
import { type RateStep, rateSteps } from "./run-rates.ts";

const width = 1000;
const height = 150;
const colours = ["var(--accent)", "var(--chart-warn)", "var(--text-3)", "var(--heat-3)"] as const;
const wordsMax = 3;

type Moment = { at: string; text: string };

/** Lines that are told apart; further lanes are not drawn. */
export const lanesShown = colours.length;

const round = (value: number) => Math.round(value * 10) / 10;

/** A round number at or above the largest rate. */
const topOf = (largest: number): number => {
  const unit = 10 ** Math.floor(Math.log10(Math.max(largest, 1)));
  return [1, 2, 2.5, 5, 10].map((part) => part * unit).find((value) => value >= largest) ?? largest;
};

type Drawn = { laneId: string; name: string; colour: string; steps: readonly RateStep[] };

const drawnOf = (rates: RunRates, lanes: readonly { id: string; name: string }[]): Drawn[] =>
  rates.slice(0, lanesShown).map(({ laneId, points }, index) => ({
    laneId,
    name: lanes.find(({ id }) => id === laneId)?.name ?? laneId,
    colour: colours[index] ?? colours[0],
    steps: rateSteps(points),
  }));

/** Where a moment and a rate lie in the plot. */
type Scale = { x: (atMs: number) => number; y: (rate: number) => number };

const scaleOf = (fromMs: number, spanMs: number, top: number): Scale => ({
  x: (atMs) => round(Math.min(1, Math.max(0, (atMs - fromMs) / spanMs)) * width),
  y: (rate) => round(height - (Math.min(rate, top) / top) * height),
});

/** A line of steps, drawn on to the end of the plot. */
const lineOf = (steps: readonly RateStep[], { x, y }: Scale, toMs: number): string =>
  steps
    .map(
      ({ atMs, rate }, index) => `${index === 0 ? "M" : "H"}${x(atMs)}${index === 0 ? " " : "V"}${y(rate)}`,
    )
    .join("") + (steps.length > 0 ? `H${x(toMs)}` : "");

const Legend = (props: { title: string; unit: string; limit: number | null; drawn: readonly Drawn[] }) => {
  const { title, unit, limit, drawn } = props;
  return (
    <div className={css.legend}>
      <h3 className="h">{title}</h3>
      <span className="c3 t12 grow">
        {unit}
        {limit !== null && `, limit ${formatRate(limit)}`}
      </span>
      {drawn.map(({ laneId, name, colour }) => (
        <span key={laneId} className={`key cut ${css.swatch}`} title={name}>
          <i style={{ background: colour }} />
          {name}
        </span>
      ))}
    </div>
  );
};

const Lines = (props: {
  label: string;
  limit: number | null;
  drawn: readonly Drawn[];
  moments: readonly Moment[];
  scale: Scale;
  toMs: number;
}) => {
  const { label, limit, drawn, moments, scale, toMs } = props;
  const { x, y } = scale;
  const [first] = drawn;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path className={css.grid} d={`M0 ${height / 2}H${width}`} />
      {limit !== null && <path className={css.limit} d={`M0 ${y(limit)}H${width}`} />}
      {first !== undefined && first.steps.length > 0 && (
        <path
          className={css.area}
          d={`${lineOf(first.steps, scale, toMs)}V${height}H${x(first.steps[0]?.atMs ?? 0)}Z`}
        />
      )}
      <path
        className={css.moment}
        d={moments.map(({ at }) => `M${x(Date.parse(at))} 0V${height}`).join("")}
      />
      {drawn.map(({ laneId, colour, steps }) => (
        <path key={laneId} className={css.rate} style={{ stroke: colour }} d={lineOf(steps, scale, toMs)} />
      ))}
    </svg>
  );
};

/** What happened, in words beside the line of its moment; late moments have them on the left. */
const MomentWords = ({ moments, scale }: { moments: readonly Moment[]; scale: Scale }) =>
  moments.map(({ at, text }, index) => {
    const share = scale.x(Date.parse(at)) / width;
    const top = { top: `${6 + index * 18}px` };
    const side =
      share > 0.6 ? { right: `${(1 - share) * 100}%`, paddingRight: 6 } : { left: `${share * 100}%` };
    return (
      <span key={`${at} ${text}`} className={css.word} style={Object.assign(top, side)}>
        {text}
      </span>
    );
  });

const TimeAxis = ({ fromMs, spanMs }: { fromMs: number; spanMs: number }) => {
  const { zone } = usePreferences();
  const clock = (share: number) => formatTime(new Date(fromMs + spanMs * share).toISOString(), zone);
  return (
    <div className={`axis ${css.axis}`}>
      <span>{clock(0)}</span>
      <span>{clock(0.5)}</span>
      <span>
        {clock(1)} {zoneName(zone)}
      </span>
    </div>
  );
};

/** How fast each lane of a run went, as steps, with the moments at which something happened. */
export const RateChart = (props: {
  title: string;
  unit: string;
  limit: number | null;
  lanes: readonly { id: string; name: string }[];
  rates: RunRates;
  moments: readonly Moment[];
  fromMs: number;
  toMs: number;
}) => {
  const { title, unit, limit, lanes, rates, moments, fromMs, toMs } = props;
  const drawn = drawnOf(rates, lanes);
  const spanMs = Math.max(1, toMs - fromMs);
  const top = topOf(Math.max(limit ?? 0, ...drawn.flatMap(({ steps }) => steps.map(({ rate }) => rate))));
  const scale = scaleOf(fromMs, spanMs, top);
  const shown = moments.filter(({ at }) => Date.parse(at) >= fromMs).slice(0, wordsMax);
  const told = drawn
    .map(({ name, steps }) => `${name} ${formatRate(steps.at(-1)?.rate ?? 0)} ${unit}`)
    .join(", ");
  const label = drawn.length === 0 ? `${title}: no data yet` : `${title}, last: ${told}`;
  return (
    <section className={css.rates}>
      <Legend title={title} unit={unit} limit={limit} drawn={drawn} />
      <div className={css.chart}>
        <div className={css.scale} aria-hidden="true">
          <span>{formatRate(top)}</span>
          <span>{formatRate(top / 2)}</span>
          <span>0</span>
        </div>
        <div className={css.plot}>
          <Lines label={label} limit={limit} drawn={drawn} moments={shown} scale={scale} toMs={toMs} />
          <MomentWords moments={shown} scale={scale} />
        </div>
      </div>
      <TimeAxis fromMs={fromMs} spanMs={spanMs} />
    </section>
  );
};
