import { formatSpan, formatSpanShort } from "@wheelhouse/shared/span.ts";

export { formatSpan, formatSpanShort };

/** `utc` or the browser's own zone; one switch for the whole console. */
export type Zone = "utc" | "local";

const counts = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");

/** A count in full: `41,508`. */
export const formatCount = (value: number): string => counts.format(value);

/** A count for the navigation only: `41.5k`. */
export const formatCountShort = (value: number): string => {
  if (value < 1000) return String(value);
  const [divisor, unit] = value < 999_500 ? [1000, "k"] : [1_000_000, "M"];
  const scaled = value / divisor;
  return `${scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, "") : Math.round(scaled)}${unit}`;
};

/** A count with its word: `1 queue`, `12 queues`. */
export const formatPlural = (value: number, one: string, many = `${one}s`): string =>
  `${formatCount(value)} ${value === 1 ? one : many}`;

/** A measured duration: `340 ms`, `1,204 ms` below ten seconds, then as a span. */
export const formatLatency = (latencyMs: number): string =>
  latencyMs < 10_000 ? `${formatCount(latencyMs)} ms` : formatSpan(latencyMs);

/** Binary units with one decimal: `312 B`, `3.1 GiB`. */
export const formatBytes = (sizeBytes: number): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? "B"}`;
};

/** A ratio (0–1) as percent with significant digits: `0.12%`, `18.2%`, `100%`; small shares stay visible. */
export const formatPercent = (ratio: number): string => {
  const percent = ratio * 100;
  if (percent === 0 || percent >= 99.95) return `${Math.round(percent)}%`;
  if (percent > 99.9) return `${percent.toFixed(2)}%`;
  return `${percent < 10 ? percent.toFixed(2) : percent.toFixed(1)}%`;
};

/** A rate: one decimal below 100, whole above. */
export const formatRate = (value: number): string =>
  value === 0 ? "0" : value < 100 ? value.toFixed(1) : formatCount(value);

type Fields = { date: string; clock: string; seconds: string; ms: string };

const fieldsOf = (iso: string, zone: Zone): Fields => {
  const at = new Date(iso);
  const [year, month, day, hour, minute, second, ms] =
    zone === "utc"
      ? [
          at.getUTCFullYear(),
          at.getUTCMonth(),
          at.getUTCDate(),
          at.getUTCHours(),
          at.getUTCMinutes(),
          at.getUTCSeconds(),
          at.getUTCMilliseconds(),
        ]
      : [
          at.getFullYear(),
          at.getMonth(),
          at.getDate(),
          at.getHours(),
          at.getMinutes(),
          at.getSeconds(),
          at.getMilliseconds(),
        ];
  return {
    date: `${year}-${pad(month + 1)}-${pad(day)}`,
    clock: `${pad(hour)}:${pad(minute)}`,
    seconds: pad(second),
    ms: pad(ms, 3),
  };
};

/** Name of the zone for headers and ranges: `UTC` or the browser's short name. */
export const zoneName = (zone: Zone): string => {
  if (zone === "utc") return "UTC";
  const part = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" })
    .formatToParts()
    .find(({ type }) => type === "timeZoneName");
  return part?.value ?? "local";
};

/** `08:47` */
export const formatClock = (iso: string, zone: Zone): string => fieldsOf(iso, zone).clock;

/** `08:47:12` */
export const formatTime = (iso: string, zone: Zone): string => {
  const { clock, seconds } = fieldsOf(iso, zone);
  return `${clock}:${seconds}`;
};

/** `[08:47:12, .772]`, so that a list can mute the milliseconds. */
export const formatTimeParts = (iso: string, zone: Zone): [time: string, fraction: string] => {
  const { clock, seconds, ms } = fieldsOf(iso, zone);
  return [`${clock}:${seconds}`, `.${ms}`];
};

/** `2026-11-19` */
export const formatDate = (iso: string, zone: Zone): string => fieldsOf(iso, zone).date;

/** `2026-11-19 08:47:12 UTC` */
export const formatDateTime = (iso: string, zone: Zone): string =>
  `${formatDate(iso, zone)} ${formatTime(iso, zone)} ${zoneName(zone)}`;
