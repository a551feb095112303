import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { formatClock, formatDate, type Zone } from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { type RawSearch, readWord } from "#lib/search-params.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Time ranges of the charts, ending at the shown moment or now. `words` follow "last". */
export const historySpans = [
  { name: "1h", words: "hour", ms: hourMs },
  { name: "6h", words: "6 hours", ms: 6 * hourMs },
  { name: "24h", words: "24 hours", ms: dayMs },
  { name: "7d", words: "7 days", ms: 7 * dayMs },
  { name: "30d", words: "30 days", ms: 30 * dayMs },
  { name: "13mo", words: "13 months", ms: 390 * dayMs },
] as const;
/** A range of the charts: one that ends at the shown moment, or one with ends of its own (`ends`). */
export type HistorySpan = {
  name: string;
  words: string;
  ms: number;
  ends?: { fromMs: number; toMs: number };
};

const longestMs = historySpans[historySpans.length - 1]?.ms ?? dayMs;
const separator = "_";

/** The name of a range with ends of its own, as the URL has it. */
export const spanNameOf = (fromMs: number, toMs: number): string =>
  [fromMs, toMs].map((ms) => new Date(ms).toISOString()).join(separator);

/** Undefined unless both ends are time-stamps in order, and no further apart than history is kept. */
const fixedSpan = (name: string): HistorySpan | undefined => {
  const [fromMs = Number.NaN, toMs = Number.NaN, ...rest] = name
    .split(separator)
    .map((end) => Date.parse(end));
  const ms = toMs - fromMs;
  if (rest.length > 0 || !(ms > 0 && ms <= longestMs)) return undefined;
  return { name: spanNameOf(fromMs, toMs), words: "", ms, ends: { fromMs, toMs } };
};

/** The URL's `range`; absent for the default hour. */
export const readHistorySpan = (raw: RawSearch): string | undefined =>
  readWord(
    raw,
    "range",
    historySpans.map(({ name }) => name),
  ) ?? (typeof raw.range === "string" ? fixedSpan(raw.range)?.name : undefined);

export const spanNamed = (name: string | undefined): HistorySpan =>
  historySpans.find((span) => span.name === name) ??
  (name === undefined ? undefined : fixedSpan(name)) ??
  historySpans[0];

/** `the last hour`, or `2026-11-18 05:30 – 05:40` for a range with ends of its own. */
export const spanPhrase = ({ words, ends }: HistorySpan, zone: Zone): string =>
  ends === undefined ? `the last ${words}` : betweenWords(ends, zone);

const betweenWords = ({ fromMs, toMs }: { fromMs: number; toMs: number }, zone: Zone): string => {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  const [first, last] = [formatDate(from, zone), formatDate(to, zone)];
  return `${first} ${formatClock(from, zone)} – ${first === last ? "" : `${last} `}${formatClock(to, zone)}`;
};

/** Provides the range of the charts and the function to change it. */
export type HistorySpanChoice = { span: HistorySpan; choose: (name: string) => void };
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
  const toMs = span.ends?.toMs ?? (moment === null ? liveMs : Date.parse(moment));
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
