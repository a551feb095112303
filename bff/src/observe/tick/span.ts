/** `18 m 40 s`, `12 s`, `2 h 05 m`: two units at most. */
export function spanOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = (value: number, unit: string) =>
    value === 0 ? "" : ` ${String(value).padStart(2, "0")} ${unit}`;
  if (minutes < 60) return `${minutes} m${rest(seconds % 60, "s")}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h${rest(minutes % 60, "m")}`;
  return `${Math.floor(hours / 24)} d${rest(hours % 24, "h")}`;
}
