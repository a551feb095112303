import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { useMoment } from "#lib/live/moment.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { type RawSearch, readWord } from "#lib/search-params.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Time ranges of the charts. A moment in the past ends them, else now does. */
export const historySpans = [
  { name: "1h", words: "1 h", ms: hourMs },
  { name: "6h", words: "6 h", ms: 6 * hourMs },
  { name: "24h", words: "24 h", ms: dayMs },
  { name: "7d", words: "7 d", ms: 7 * dayMs },
  { name: "30d", words: "30 d", ms: 30 * dayMs },
  { name: "13mo", words: "13 months", ms: 390 * dayMs },
] as const;
export type HistorySpan = (typeof historySpans)[number];
export type HistorySpanName = HistorySpan["name"];

/** `range` of an address; absent for the usual hour. */
export const readHistorySpan = (raw: RawSearch): HistorySpanName | undefined =>
  readWord(
    raw,
    "range",
    historySpans.map(({ name }) => name),
  );

export const spanNamed = (name: string | undefined): HistorySpan =>
  historySpans.find((span) => span.name === name) ?? historySpans[0];

/** Says below it which range the charts show, and how to show another one. */
export type HistorySpanChoice = { span: HistorySpan; choose: (name: HistorySpanName) => void };
const SpanContext = createContext<HistorySpanChoice>({ span: historySpans[0], choose: () => undefined });
export const HistorySpanProvider = SpanContext;
export const useHistorySpan = (): HistorySpanChoice => useContext(SpanContext);

/** How often the end of a range moves on, so that what is asked for stays the same for a while. */
const turnOf = (spanMs: number): number => Math.min(Math.max(spanMs / 360, 10_000), 5 * minuteMs);

const nextTurn = (turnMs: number): number => Math.ceil(serverClock.now() / turnMs) * turnMs;

/** The range that charts show now, all of a page the same one. */
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
