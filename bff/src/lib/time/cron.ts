import { formatSpan } from "@wheelhouse/shared/span.ts";
import { CronExpressionParser } from "cron-parser";
import cronstrue from "cronstrue";

/** A repetition: a cron pattern in a time zone, or a fixed interval from a moment on. */
export type Repetition =
  | { pattern: string; timeZone: string; startMs?: number; endMs?: number }
  | { everyMs: number; anchorMs: number; endMs?: number };

const lookedAtMax = 1_000;

/** The pattern's mistake in words; null if it can be used. */
export function mistakeIn(pattern: string, timeZone: string): string | null {
  try {
    CronExpressionParser.parse(pattern, { tz: timeZone }).next();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "is no cron pattern";
  }
}

/** The times after `fromMs`, at most `count`. Empty for a pattern that cannot be read or that has ended. */
export function timesAfter(of: Repetition, fromMs: number, count: number): number[] {
  const { endMs = Number.POSITIVE_INFINITY } = of;
  if ("everyMs" in of) {
    if (of.everyMs <= 0) return [];
    const steps = Math.max(0, Math.floor((fromMs - of.anchorMs) / of.everyMs) + 1);
    return Array.from({ length: count }, (_, i) => of.anchorMs + (steps + i) * of.everyMs).filter(
      (at) => at <= endMs,
    );
  }
  try {
    const found = CronExpressionParser.parse(of.pattern, {
      tz: of.timeZone,
      currentDate: new Date(Math.max(fromMs, (of.startMs ?? 0) - 1)),
    });
    const times: number[] = [];
    while (times.length < count) {
      const at = found.next().getTime();
      if (at > endMs) break;
      times.push(at);
    }
    return times;
  } catch {
    return [];
  }
}

/** The latest time at or before `atMs`; null if there is none. */
export function timeBefore(of: Repetition, atMs: number): number | null {
  if ("everyMs" in of) {
    if (atMs < of.anchorMs) return null;
    return of.anchorMs + Math.floor((atMs - of.anchorMs) / of.everyMs) * of.everyMs;
  }
  try {
    return CronExpressionParser.parse(of.pattern, { tz: of.timeZone, currentDate: new Date(atMs + 1) })
      .prev()
      .getTime();
  } catch {
    return null;
  }
}

/** The times between two moments, both excluded: the last ones, at most `most`, and how many there are. */
export function timesBetween(of: Repetition, fromMs: number, toMs: number, most: number) {
  if ("everyMs" in of) {
    const [first = Number.POSITIVE_INFINITY] = timesAfter(of, fromMs, 1);
    const total = first >= toMs ? 0 : Math.ceil((toMs - first) / of.everyMs);
    const kept = Math.min(total, most);
    return { total, times: Array.from({ length: kept }, (_, i) => first + (total - kept + i) * of.everyMs) };
  }
  const times = timesAfter(of, fromMs, lookedAtMax).filter((at) => at < toMs);
  return { total: times.length, times: times.slice(-most) };
}

/** A cron pattern in words: `Every 30 minutes`, `At 01:00`. The pattern itself if it cannot be read. */
export function wordsOfPattern(pattern: string): string {
  try {
    return cronstrue.toString(pattern, { use24HourTimeFormat: true, verbose: false });
  } catch {
    return pattern;
  }
}

export const wordsOfInterval = (everyMs: number): string =>
  `Every ${everyMs < 1_000 ? `${everyMs} ms` : formatSpan(everyMs)}`;

const formats = new Map<string, Intl.DateTimeFormat>();

function partsIn(timeZone: string, atMs: number) {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      timeZoneName: "longOffset",
    });
  formats.set(timeZone, format);
  return Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
}

/** `UTC+1`, `UTC-3:30`, `UTC`; null for an unknown zone. */
export function offsetIn(timeZone: string, atMs: number): string | null {
  try {
    const name = partsIn(timeZone, atMs).timeZoneName ?? "";
    const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name) ?? [];
    if (sign === undefined || (hours === "00" && minutes === "00")) return "UTC";
    return `UTC${sign}${Number(hours)}${minutes === "00" ? "" : `:${minutes}`}`;
  } catch {
    return null;
  }
}

/** The wall clock of a zone: `2027-03-28 03:30 UTC+2`. */
export function wallClockIn(timeZone: string, atMs: number): string {
  const offset = offsetIn(timeZone, atMs);
  if (offset === null) return new Date(atMs).toISOString();
  const { year, month, day, hour, minute, second } = partsIn(timeZone, atMs);
  const seconds = second === "00" ? "" : `:${second}`;
  return `${year}-${month}-${day} ${hour}:${minute}${seconds} ${offset}`;
}

const dayMs = 86_400_000;

/** When the zone's offset changes within a year after `fromMs`; null if it does not. To the minute. */
export function nextOffsetChange(timeZone: string, fromMs: number): number | null {
  const now = offsetIn(timeZone, fromMs);
  let low = fromMs;
  for (let day = 1; day <= 366; day += 1) {
    const high = fromMs + day * dayMs;
    if (offsetIn(timeZone, high) === now) {
      low = high;
      continue;
    }
    let [before, after] = [low, high];
    while (after - before > 60_000) {
      const middle = Math.floor((before + after) / 2);
      if (offsetIn(timeZone, middle) === now) before = middle;
      else after = middle;
    }
    return Math.floor(after / 60_000) * 60_000;
  }
  return null;
}
