import type { HistorySeries } from "@wheelhouse/shared/history.ts";
import type { HistoryWindow } from "./history-span.ts";

const hourMs = 3_600_000;
const leastMs = 60_000;

/** `beginsWithData`: shorter than what was chosen, because there is no older data. */
export type ShownWindow = HistoryWindow & { beginsWithData: boolean };

/**
 * The part of a range that a chart draws: all of it, or from the first value on while there is less than an hour of
 * data, so that a young installation does not show a few pixels at the end of an empty hour.
 */
export const shownWindow = (answer: HistorySeries | undefined, window: HistoryWindow): ShownWindow => {
  const { span, fromMs, toMs, from, to } = window;
  const firsts = (answer?.series ?? []).map(({ values }) => values.findIndex((value) => value !== null));
  const first = Math.min(...firsts.filter((at) => at >= 0));
  const beginMs = Date.parse(answer?.from ?? from) + first * (answer?.stepMs ?? 0);
  const isYoung = Number.isFinite(beginMs) && beginMs > fromMs && toMs - beginMs < hourMs;
  const shownMs = isYoung ? Math.min(beginMs, toMs - leastMs) : fromMs;
  return { span, fromMs: shownMs, toMs, from, to, beginsWithData: shownMs > fromMs };
};
