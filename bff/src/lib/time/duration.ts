const unitMs = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

/** Milliseconds of `250ms`, `5s`, `1h30m`, `14d`; NaN for anything else, a bare number included. */
export function durationMs(text: string): number {
  if (!/^(?:\d{1,10}(?:\.\d{1,3})?(?:ms|s|m|h|d|w)){1,6}$/.test(text)) return Number.NaN;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)];
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (unitMs.get(unit) ?? 0), 0);
}
