import { useQuery } from "@tanstack/react-query";
import type { Annotation, HistorySeries } from "@wheelhouse/shared/history.ts";
import type { HistoryKind } from "@wheelhouse/shared/live/history-kinds.ts";
import { lazy, Suspense, useMemo, useState } from "react";
import {
  formatClock,
  formatCount,
  formatDate,
  formatPlural,
  formatSpanShort,
  formatTime,
  zoneName,
} from "#lib/format.ts";
import { type ShownWindow, shownWindow } from "#lib/history/data-range.ts";
import { drawnOf, extremesOf, figuresOf, pointsOf } from "#lib/history/history-points.ts";
import { annotationsQuery, seriesQuery } from "#lib/history/history-queries.ts";
import { type HistoryWindow, spanPhrase, useHistoryWindow } from "#lib/history/history-span.ts";
import { useMoment } from "#lib/live/moment.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Empty, Panel } from "#ui/page/panel.tsx";
import css from "./history-charts.module.css";
import type { PlotTone } from "./history-plot.tsx";
import { HistorySpanSelect } from "./history-span-select.tsx";

// The largest library of the console loads only when a chart is shown.
const HistoryPlot = lazy(() => import("./history-plot.tsx"));

const mostDrawn = 40;
const shownChanges = 6;
const isAct = ({ source }: Annotation) => source !== "journal";
const dayMs = 86_400_000;

export type HistoryLine = { metric: string; label: string; tone: PlotTone };
export type HistoryChart = {
  title: string;
  lines: readonly HistoryLine[];
  format: (value: number) => string;
  /** Upper end of the scale; the largest value by default. */
  top?: number;
  threshold?: number;
  /** Shows the percentiles of its first line. */
  hasPercentiles?: true;
};

const sources = { journal: "State", deployment: "Deployment", audit: "Audit" } as const;
const keyClass = { plain: "", accent: "acc", bad: "bad", warn: "warn" } as const;

const Percentiles = ({ answer, chart }: { answer: HistorySeries; chart: HistoryChart }) => {
  const [line] = chart.lines;
  const found = answer.series.find(({ metric }) => metric === line?.metric)?.percentiles;
  if (!found) return null;
  return (
    <span className="t12" title={`Percentiles of the ${formatSpanShort(found.stepMs)} means`}>
      p50 <b>{chart.format(found.p50)}</b> · p95 <b>{chart.format(found.p95)}</b> · p99{" "}
      <b>{chart.format(found.p99)}</b>
    </span>
  );
};

/** Title, key of the lines if there are several, and percentiles of a chart. */
const Caption = ({ answer, chart }: { answer: HistorySeries; chart: HistoryChart }) => (
  <figcaption>
    <h4 className="h">{chart.title}</h4>
    {chart.lines.length > 1 &&
      chart.lines.map(({ label, tone }) => (
        <span key={label} className="key">
          <i className={keyClass[tone]} />
          {label}
        </span>
      ))}
    {chart.hasPercentiles && <Percentiles answer={answer} chart={chart} />}
  </figcaption>
);

const Chart = (props: {
  chart: HistoryChart;
  answer: HistorySeries;
  window: HistoryWindow;
  marks: ReturnType<typeof drawnOf>;
}) => {
  const { chart, answer, window, marks } = props;
  const { title, lines, format, top, threshold } = chart;
  const { zone } = usePreferences();
  const points = useMemo(
    () =>
      pointsOf(
        answer,
        lines.map(({ metric }) => metric),
        window,
      ),
    [answer, lines, window],
  );
  const [first] = lines;
  const extremes = useMemo(
    () => (first === undefined || lines.length > 1 ? [] : extremesOf(answer, first.metric, window)),
    [answer, first, lines, window],
  );
  const summaries = lines.map(({ label }, place) => {
    const figures = figuresOf(points, place);
    return figures === null
      ? `${label}: no data`
      : `${label} between ${format(figures.lowest)} and ${format(figures.highest)}, most recently ${format(figures.last)}`;
  });
  const isKnown = points.some(({ values }) => values.some((value) => value !== null));
  return (
    <figure className={css.chart}>
      <Caption answer={answer} chart={chart} />
      {isKnown ? (
        <div className={css.plot}>
          <Suspense>
            <HistoryPlot
              label={`${title}, ${spanPhrase(window.span, zone)}: ${summaries.join("; ")}`}
              lines={lines}
              points={points}
              extremes={extremes}
              marks={marks}
              format={format}
              top={top}
              threshold={threshold}
              fromMs={window.fromMs}
              toMs={window.toMs}
            />
          </Suspense>
        </div>
      ) : (
        <p className="t12 c3">No data in this period.</p>
      )}
    </figure>
  );
};

/** The range in words, as far as the charts draw it. */
const SpanWords = ({ window, isPast }: { window: ShownWindow; isPast: boolean }) => {
  const { zone } = usePreferences();
  const { span, beginsWithData } = window;
  if (beginsWithData) return <>since its data begins</>;
  if (span.ends !== undefined) return spanPhrase(span, zone);
  return isPast ? <>the {span.words} before this moment</> : <>last {span.words}</>;
};

const Axis = ({ window: { fromMs, toMs } }: { window: HistoryWindow }) => {
  const { zone } = usePreferences();
  const at = (share: number) => {
    const iso = new Date(fromMs + (toMs - fromMs) * share).toISOString();
    return toMs - fromMs > dayMs ? formatDate(iso, zone) : formatClock(iso, zone);
  };
  return (
    <div className={`axis ${css.axis}`}>
      <span>{at(0)}</span>
      <span>{at(0.5)}</span>
      <span>
        {at(1)} {zoneName(zone)}
      </span>
    </div>
  );
};

const Change = ({ item, isOwn, isLong }: { item: Annotation; isOwn: boolean; isLong: boolean }) => {
  const { zone } = usePreferences();
  const { at, text, source, by, state, fold } = item;
  const about =
    fold === null ? by : `${formatPlural(fold.changes, "change")} since ${formatTime(fold.from, zone)}`;
  const tone = state === "down" ? "tx-down" : state === "degraded" ? "tx-warn" : "";
  return (
    <li>
      <time dateTime={at}>
        {isLong ? `${formatDate(at, zone)} ` : ""}
        {formatTime(at, zone)}
      </time>
      <div>
        <span className={`${tone} ${isOwn ? "b" : ""}`}>{text}</span>
        <small>{[sources[source], about].filter(Boolean).join(" · ")}</small>
      </div>
    </li>
  );
};

/** The changes behind the hairlines of the charts, as text. */
const Changes = (props: {
  items: readonly Annotation[];
  isCut: boolean;
  subjects: readonly string[];
  isLong: boolean;
  /** Whether charts above draw the changes. */
  hasCharts: boolean;
}) => {
  const { items, isCut, subjects, isLong, hasCharts } = props;
  const drawn =
    items.length > mostDrawn ? `, ${mostDrawn} of them, evenly spread, shown above` : ", shown above";
  const [isWhole, setWhole] = useState(false);
  // Acts and deployments first: they explain what follows.
  const ordered = [...items.filter(isAct), ...items.filter((item) => !isAct(item))];
  const shown = isWhole ? items : ordered.slice(0, shownChanges);
  return (
    <>
      <div className={`sec-h ${hasCharts ? "" : css.apart}`}>
        <h4 className="h">Changes</h4>
        <span className="t12 c3">
          {items.length === 0
            ? "none in this period"
            : `of it and of what it depends on: ${isCut ? "more than " : ""}${formatCount(items.length)}${hasCharts ? drawn : ""}`}
        </span>
      </div>
      <ul className={css.changes}>
        {shown.map((item) => (
          <Change
            key={`${item.source} ${item.id}`}
            item={item}
            isOwn={item.subject !== null && subjects.includes(item.subject)}
            isLong={isLong}
          />
        ))}
      </ul>
      {items.length > shownChanges && (
        <button type="button" className="link t12" onClick={() => setWhole(!isWhole)}>
          {isWhole ? `Show ${shownChanges}` : `Show all ${items.length}`}
        </button>
      )}
    </>
  );
};

const useMarks = (
  items: readonly Annotation[] | undefined,
  [name, otherName]: readonly [name: string, id: string],
  { fromMs, toMs }: HistoryWindow,
) =>
  useMemo(
    () => drawnOf(items ?? [], [name, otherName], { fromMs, toMs, most: mostDrawn }),
    [items, name, otherName, fromMs, toMs],
  );

/**
 * Charts of one subject over the page's time range, stacked on one axis, with the changes in it. `subjects`:
 * names under which changes refer to it; those are highlighted.
 */
export const HistoryCharts = (props: {
  organization: string;
  kind: HistoryKind;
  id: string;
  subjects: readonly [name: string, id: string];
  charts: readonly HistoryChart[];
}) => {
  const { organization, kind, id, subjects, charts } = props;
  const window = useHistoryWindow();
  const isPast = useMoment() !== null;
  const metrics = charts.flatMap(({ lines }) => lines.map(({ metric }) => metric));
  const series = useQuery(seriesQuery(organization, { kind, id, metrics }, window));
  // A process changes with its service.
  const of = kind === "process" ? ({ kind: "service", id: subjects[1] } as const) : { kind, id };
  const changes = useQuery(annotationsQuery(organization, window, of));
  const shown = shownWindow(series.data, window);
  const marks = useMarks(changes.data?.items, subjects, shown);
  return (
    <section className={css.charts} aria-label="History">
      <div className="sec-h">
        <h3 className="h">History</h3>
        <span className="t12 c3">
          <SpanWords window={shown} isPast={isPast} />
        </span>
        <span className="grow" />
        <HistorySpanSelect className="btn only-narrow" />
      </div>
      <Panel
        name="The history"
        query={series}
        skeletonRows={4}
        isEmpty={(answer) => answer.series.every(({ values }) => values.every((value) => value === null))}
        empty={
          <Empty title="No data for this period">
            History starts with the first observation; choose another time range to see more.
          </Empty>
        }
      >
        {(answer) => (
          <>
            {charts.map((chart) => (
              <Chart key={chart.title} chart={chart} answer={answer} window={shown} marks={marks} />
            ))}
            <Axis window={shown} />
          </>
        )}
      </Panel>
      <Panel name="Changes" query={changes} skeletonRows={2}>
        {({ items: all, isCut }) => (
          <Changes
            items={all}
            isCut={isCut}
            subjects={subjects}
            isLong={window.span.ms > dayMs}
            hasCharts={
              series.data?.series.some(({ values }) => values.some((value) => value !== null)) ?? false
            }
          />
        )}
      </Panel>
    </section>
  );
};
