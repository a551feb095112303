import { Histogram, Legend } from "#ui/chart/histogram.tsx";
import { type HistoryChart, HistoryCharts } from "#ui/chart/history-charts.tsx";
import { HistoryJournal } from "#ui/chart/history-journal.tsx";
import HistoryPlot, { type PlotTone } from "#ui/chart/history-plot.tsx";
import { historyAnswers } from "./history-answers.ts";
import { at, doNothing, type Part } from "./part.ts";

const barMs = 60_000;
const fromMs = Date.parse(at);
const series = [
  { label: "Delivered", tone: "ok" },
  { label: "Retried", tone: "warn" },
  { label: "Dead", tone: "bad" },
] as const;
const bars = Array.from({ length: 40 }, (_, index) => [
  20 + ((index * 7) % 13),
  index % 5,
  index % 11 === 0 ? 4 : 0,
]);
const histogramOf = (selection: { fromMs: number; toMs: number } | null) => (
  <Histogram
    label="Deliveries"
    bars={bars}
    series={series}
    fromMs={fromMs}
    barMs={barMs}
    selection={selection}
    onSelect={doNothing}
  />
);

const percent = (value: number) => `${value.toFixed(0)} %`;
const charts: readonly HistoryChart[] = [
  {
    title: "Load",
    lines: [{ metric: "load", label: "Load", tone: "accent" }],
    format: percent,
    top: 100,
    threshold: 80,
    hasPercentiles: true,
  },
  {
    title: "Answers",
    lines: [
      { metric: "ok", label: "Good", tone: "plain" },
      { metric: "bad", label: "Bad", tone: "bad" },
    ],
    format: (value) => value.toFixed(0),
  },
];
const points = Array.from({ length: 60 }, (_, index) => ({
  atMs: fromMs + index * barMs,
  values: [index > 20 && index < 26 ? null : 40 + 30 * Math.sin(index / 6)],
}));
const plotOf = (tone: PlotTone) => (
  <HistoryPlot
    label={`Load, ${tone}`}
    lines={[{ label: "Load", tone }]}
    points={points}
    extremes={[]}
    marks={[]}
    fromMs={fromMs}
    toMs={fromMs + 60 * barMs}
    format={percent}
    threshold={60}
  />
);

/** Charts over time, and lists of what changed. */
export const historyParts: readonly Part[] = [
  {
    name: "Histogram",
    shows: [Histogram],
    states: [
      { name: "nothing selected", node: histogramOf(null) },
      {
        name: "a range selected",
        node: histogramOf({ fromMs: fromMs + 10 * barMs, toMs: fromMs + 18 * barMs }),
      },
    ],
  },
  {
    name: "Legend",
    shows: [Legend],
    states: [
      { name: "of a chart", node: <Legend series={[...series, { label: "Selected", tone: "sel" }]} /> },
    ],
  },
  {
    name: "History plot",
    shows: [HistoryPlot],
    states: (["plain", "accent", "warn", "bad"] as const).map((tone) => ({ name: tone, node: plotOf(tone) })),
  },
  {
    name: "History charts",
    shows: [HistoryCharts],
    states: historyAnswers.map((answer) => ({
      name: answer,
      node: (
        <HistoryCharts
          organization={answer}
          kind="server"
          id="primary"
          subjects={["Redis primary", "primary"]}
          charts={charts}
        />
      ),
    })),
  },
  {
    name: "History journal",
    shows: [HistoryJournal],
    states: historyAnswers.map((answer) => ({
      name: answer,
      node: <HistoryJournal organization={answer} kind="health" id="primary" />,
    })),
  },
];
