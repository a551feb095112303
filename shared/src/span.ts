const pad = (value: number): string => String(value).padStart(2, "0");

/** Omits the smaller unit when it is zero. */
const twoUnits = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${pad(small)} ${smallUnit}`;

/** A span in its two largest units: `< 1 s`, `12 s`, `18 m 40 s`, `2 h`, `5 h 31 m`, `3 d 04 h`. */
export function formatSpan(spanMs: number): string {
  const seconds = Math.floor(Math.max(spanMs, 0) / 1_000);
  if (seconds < 1) return "< 1 s";
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return twoUnits(minutes, "m", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return twoUnits(hours, "h", minutes % 60, "m");
  return twoUnits(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** A span without seconds after the first minute: `12 s`, `27 m`, `5 h 31 m`, `3 d 04 h`. */
export function formatSpanShort(spanMs: number): string {
  const minutes = Math.floor(spanMs / 60_000);
  return minutes >= 1 && minutes < 60 ? `${minutes} m` : formatSpan(spanMs);
}

/** A configured span, such as an interval or a timeout: `250 ms`, `1500 ms`, `5 s`, `1 m 30 s`. */
export const formatSetSpan = (spanMs: number): string =>
  spanMs % 1_000 === 0 && spanMs > 0 ? formatSpan(spanMs) : `${spanMs} ms`;
