import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { useMoment } from "#lib/live/moment.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { type RawSearch, readWord } from "#lib/search-params.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Time ranges of the charts, ending at the shown moment or now. `sentence` follows "last" in a sentence. */
export const historySpans = [
  { name: "1h", words: "1 h", sentence: "hour", ms: hourMs },
  { name: "6h", words: "6 h", sentence: "6 hours", ms: 6 * hourMs },
  { name: "24h", words: "24 h", sentence: "24 hours", ms: dayMs },
  { name: "7d", words: "7 d", sentence: "7 days", ms: 7 * dayMs },
  { name: "30d", words: "30 d", sentence: "30 days", ms: 30 * dayMs },
  { name: "13mo", words: "13 months", sentence: "13 months", ms: 390 * dayMs },
] as const;
export type HistorySpan = (typeof historySpans)[number];
export type HistorySpanName = HistorySpan["name"];

/** The URL's `range`; absent for the default hour. */
export const readHistorySpan = (raw: RawSearch): HistorySpanName | undefined =>
  readWord(
    raw,
    "range",
    historySpans.map(({ name }) => name),
  );

export const spanNamed = (name: string | undefined): HistorySpan =>
  historySpans.find((span) => span.name === name) ?? historySpans[0];

/** Provides the range of the charts and the function to change it. */
export type HistorySpanChoice = { span: HistorySpan; choose: (name: HistorySpanName) => void };
const SpanContext = createContext<HistorySpanChoice>({ span: historySpans[0], choose: () => undefined });
export const HistorySpanProvider = SpanContext;
export const useHistorySpan = (): HistorySpanChoice => useContext(SpanContext);

/** How often the end of a range moves on, in ms; between moves the queries stay the same. */
const turnOf = (spanMs: number): number => Math.min(Math.max(spanMs / 360, 10_000), 5 * minuteMs);

const nextTurn = (turnMs: number): number => Math.ceil(serverClock.now() / turnMs) * turnMs;

/** The current range, shared by all charts of a page. */
export type HistoryWindow = { span: HistorySpan; fromMs: number; toMs: number; from: string; to: string };

export const useHistoryWindow = (): HistoryWindow => {
  const { span } = useHistorySpan();
  const moment = useMoment();
  const turnMs = turnOf(span.ms);
  const [liveMs, setLiveMs] = useState(() => nextTurn(turnMs));
  useEffect(() => {
    setLiveMs(nextTurn(turnMs));
    const timer = setInterval(() => setLiveMs(nextTurn(turnMs)), turnMs);
    return () => clearInterval(timer);
  }, [turnMs]);
  const toMs = moment === null ? liveMs : Date.parse(moment);
  return useMemo(() => {
    const fromMs = toMs - span.ms;
    return {
      span,
      fromMs,
      toMs,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
    };
  }, [span, toMs]);
};
