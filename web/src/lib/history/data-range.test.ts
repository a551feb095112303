import type { HistorySeries } from "@wheelhouse/shared/history.ts";
import { expect, test } from "vitest";
import { shownWindow } from "./data-range.ts";
import { historySpans } from "./history-span.ts";

const toMs = Date.parse("2026-11-19T09:00:00Z");
const minuteMs = 60_000;

const windowOf = (span: (typeof historySpans)[number]) => {
  const fromMs = toMs - span.ms;
  return {
    span,
    fromMs,
    toMs,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
  };
};

/** Steps of a minute over the last day, with values for the newest `minutes`. */
const answerOf = (minutes: number): HistorySeries => ({
  kind: "service",
  id: "payments",
  from: new Date(toMs - 24 * 60 * minuteMs).toISOString(),
  stepMs: minuteMs,
  series: [
    {
      metric: "up",
      values: Array.from({ length: 24 * 60 }, (_, at) => (at >= 24 * 60 - minutes ? 1 : null)),
      mins: null,
      maxs: null,
      percentiles: null,
    },
  ],
});

const [hour, , day] = historySpans;

test.each([hour, day])(
  "a chart of the last $words begins with the data until there is an hour of it",
  (span) => {
    const shown = shownWindow(answerOf(12), windowOf(span));
    expect([toMs - shown.fromMs, shown.beginsWithData]).toEqual([12 * minuteMs, true]);
  },
);

test("an hour of data, or none, is drawn over the whole range", () => {
  for (const minutes of [60, 90, 0]) {
    const shown = shownWindow(answerOf(minutes), windowOf(day));
    expect([toMs - shown.fromMs, shown.beginsWithData]).toEqual([day.ms, false]);
  }
  expect(shownWindow(undefined, windowOf(hour)).fromMs).toBe(toMs - hour.ms);
});
