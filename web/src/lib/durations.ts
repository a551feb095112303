const units = [
  { unit: "d", ms: 86_400_000 },
  { unit: "h", ms: 3_600_000 },
  { unit: "m", ms: 60_000 },
  { unit: "s", ms: 1000 },
  { unit: "ms", ms: 1 },
] as const;

const unitMs = new Map<string, number>([
  ...units.map(({ unit, ms }) => [unit, ms] as const),
  ["min", 60_000],
]);

/** Every unit that is not zero, so that what is shown can be read back: `27 h 35 m` is `1 d 3 h 35 m`. */
export const durationText = (durationMs: number): string => {
  if (durationMs === 0) return "0 s";
  let rest = durationMs;
  const parts: string[] = [];
  for (const { unit, ms } of units) {
    const count = Math.floor(rest / ms);
    rest -= count * ms;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
};

const part = /^\s*(\d+(?:\.\d+)?)\s*(ms|min|d|h|m|s)(?![a-z])/i;

/** Reads `15 s`, `1 m 30 s`, `1.5h`; in milliseconds. Undefined for what is no duration, such as a bare number. */
export const readDuration = (text: string): number | undefined => {
  let rest = text.trim();
  if (rest === "") return undefined;
  let totalMs = 0;
  while (rest !== "") {
    const [whole = "", count = "", unit = ""] = part.exec(rest) ?? [];
    const ms = unitMs.get(unit.toLowerCase());
    if (ms === undefined) return undefined;
    totalMs += Number(count) * ms;
    rest = rest.slice(whole.length).trim();
  }
  return Math.round(totalMs);
};
