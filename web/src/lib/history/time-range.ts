import type { Zone } from "#lib/format.ts";

/** A range of time with open ends, as ISO time-stamps. */
export type TimeRange = { from?: string | undefined; to?: string | undefined };

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const iso = (ms: number): string | undefined => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

const dayParts = (ms: number, zone: Zone): [number, number, number] => {
  const date = new Date(ms);
  return zone === "utc"
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    : [date.getFullYear(), date.getMonth(), date.getDate()];
};

const at = (
  zone: Zone,
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
): number =>
  zone === "utc"
    ? Date.UTC(year, month, day, hour, minute, second)
    : new Date(year, month, day, hour, minute, second).getTime();

const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

const clockOn = (
  text: string,
  zone: Zone,
  [year, month, day]: [number, number, number],
): number | undefined => {
  const match = clock.exec(text.trim());
  if (match === null) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hour > 24 || minute > 59 || second > 59) return undefined;
  return at(zone, year, month, day, hour, minute, second);
};

type Day = [number, number, number];
const dayAndClock = String.raw`(\d{4})-(\d{2})-(\d{2})(?:\s+(\d{1,2}:\d{2}(?::\d{2})?))?`;
const overDays = new RegExp(String.raw`^${dayAndClock}\s*[-–]\s*${dayAndClock}$`);

/** A range from one day to another; a last day without a time is included. */
const parseDays = (typed: string, zone: Zone): TimeRange | undefined => {
  const match = overDays.exec(typed);
  if (match === null) return undefined;
  const day = (index: number): Day => [
    Number(match[index]),
    Number(match[index + 1]) - 1,
    Number(match[index + 2]),
  ];
  const [first, last] = [day(1), day(5)];
  const fromMs = match[4] === undefined ? at(zone, ...first) : clockOn(match[4], zone, first);
  const toMs =
    match[8] === undefined ? at(zone, last[0], last[1], last[2] + 1) : clockOn(match[8], zone, last);
  if (fromMs === undefined || toMs === undefined || toMs <= fromMs) return undefined;
  return { from: iso(fromMs), to: iso(toMs) };
};

/**
 * Parses a typed range: `15m`, `4h`, `2d`, `today`, `yesterday`, `2026-11-18`, `05:30-05:40`, `2026-11-18
 * 05:30-05:40`, `2026-11-18 - 2026-11-20`, `2026-11-18 05:30 - 2026-11-20 17:00`. Clock times are in `zone`. Undefined when it is not a range.
 */
export const parseRange = (text: string, nowMs: number, zone: Zone): TimeRange | undefined => {
  const typed = text.trim().toLowerCase();
  const short = /^(\d{1,4})\s*([smhd])$/.exec(typed);
  if (short !== null) return { from: iso(nowMs - Number(short[1]) * (unitMs[short[2] ?? "m"] ?? 0)) };

  const days = parseDays(typed, zone);
  if (days !== undefined) return days;

  const today = dayParts(nowMs, zone);
  const wholeDay = ([year, month, day]: [number, number, number]): TimeRange => ({
    from: iso(at(zone, year, month, day)),
    to: iso(at(zone, year, month, day + 1)),
  });
  if (typed === "today") return { from: iso(at(zone, ...today)) };
  if (typed === "yesterday") return wholeDay([today[0], today[1], today[2] - 1]);

  const dated = /^(\d{4})-(\d{2})-(\d{2})(?:\s+(.+))?$/.exec(typed);
  const day: [number, number, number] =
    dated === null ? today : [Number(dated[1]), Number(dated[2]) - 1, Number(dated[3])];
  if (dated !== null && dated[4] === undefined) return wholeDay(day);

  const [first, second, ...rest] = (dated === null ? typed : (dated[4] ?? "")).split(/\s*[-–]\s*/);
  if (first === undefined || second === undefined || rest.length > 0) return undefined;
  const fromMs = clockOn(first, zone, day);
  const toMs = clockOn(second, zone, day);
  if (fromMs === undefined || toMs === undefined || toMs <= fromMs) return undefined;
  return { from: iso(fromMs), to: iso(toMs) };
};

const two = (value: number): string => String(value).padStart(2, "0");
const dayName = ([year, month, day]: [number, number, number]): string =>
  `${year}-${two(month + 1)}-${two(day)}`;

const clockName = (ms: number, zone: Zone): string => {
  const date = new Date(ms);
  const [hour, minute, second] =
    zone === "utc"
      ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      : [date.getHours(), date.getMinutes(), date.getSeconds()];
  return second === 0 ? `${two(hour)}:${two(minute)}` : `${two(hour)}:${two(minute)}:${two(second)}`;
};

/** `05:30 – 05:40`, with the day unless it is today; `since 05:30` and `until 05:40` for open ends. */
export const rangeName = ({ from, to }: TimeRange, nowMs: number, zone: Zone): string => {
  const today = dayName(dayParts(nowMs, zone));
  const name = (ms: number, previousDay: string): string => {
    const day = dayName(dayParts(ms, zone));
    return day === previousDay ? clockName(ms, zone) : `${day} ${clockName(ms, zone)}`;
  };
  const fromMs = from === undefined ? undefined : Date.parse(from);
  const toMs = to === undefined ? undefined : Date.parse(to);
  if (fromMs !== undefined && toMs !== undefined) {
    return `${name(fromMs, today)} – ${name(toMs, dayName(dayParts(fromMs, zone)))}`;
  }
  if (fromMs !== undefined) return `since ${name(fromMs, today)}`;
  return toMs === undefined ? "any time" : `until ${name(toMs, today)}`;
};

/**
 * The range of a filter token. An unchanged token keeps the current range to the millisecond, text typed after
 * it replaces the range, and an unreadable token changes nothing.
 */
export const readRangeToken = (
  typed: string | undefined,
  current: TimeRange,
  nowMs: number,
  zone: Zone,
): TimeRange => {
  if (typed === undefined) return {};
  const kept = { from: current.from, to: current.to };
  const name = rangeName(kept, nowMs, zone);
  if (typed === name) return kept;
  const added = typed.startsWith(`${name},`) ? typed.slice(name.length + 1) : typed;
  return parseRange(added, nowMs, zone) ?? kept;
};
