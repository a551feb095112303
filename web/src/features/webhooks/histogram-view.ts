/** One bar of the histogram: counts by outcome, from the bottom up. */
export type OutcomeBar = { completed: number; failed: number; deadLetter: number; open: number };
export type BarPart = { kind: keyof OutcomeBar; y: number; height: number };

const stack = ["completed", "open", "failed", "deadLetter"] as const;

export const barTotal = (bar: OutcomeBar): number => bar.completed + bar.failed + bar.deadLetter + bar.open;

/** Stacks each bar into `height`, the tallest filling it; a count above zero is never thinner than 1. */
export const stackBars = (bars: readonly OutcomeBar[], height: number): BarPart[][] => {
  const tallest = Math.max(0, ...bars.map(barTotal));
  if (tallest === 0) return bars.map(() => []);
  return bars.map((bar) => {
    let top = height;
    const parts: BarPart[] = [];
    for (const kind of stack) {
      if (bar[kind] === 0) continue;
      const part = Math.min(top, Math.max(1, (bar[kind] / tallest) * height));
      top -= part;
      parts.push({ kind, y: top, height: part });
    }
    return parts;
  });
};

/** Range of whole bars between two places (0–1 of the width), at least one bar. */
export const dragRange = (
  range: { from: string; barMs: number; bars: number },
  a: number,
  b: number,
): { from: string; to: string } => {
  const clamp = (value: number) => Math.min(1, Math.max(0, value));
  const first = Math.min(range.bars - 1, Math.floor(clamp(Math.min(a, b)) * range.bars));
  const last = Math.max(first + 1, Math.ceil(clamp(Math.max(a, b)) * range.bars));
  const startMs = Date.parse(range.from);
  const at = (index: number) => new Date(startMs + index * range.barMs).toISOString();
  return { from: at(first), to: at(last) };
};

/** Where a selected range lies over the bars, in per cent; undefined when it is outside. */
export const brushPlace = (
  range: { from: string; to: string },
  selected: { from?: string | undefined; to?: string | undefined },
): { left: number; width: number } | undefined => {
  if (selected.from === undefined && selected.to === undefined) return undefined;
  const startMs = Date.parse(range.from);
  const lengthMs = Date.parse(range.to) - startMs;
  if (!(lengthMs > 0)) return undefined;
  const place = (moment: string | undefined, open: number) =>
    moment === undefined ? open : Math.min(1, Math.max(0, (Date.parse(moment) - startMs) / lengthMs));
  const left = place(selected.from, 0);
  const right = place(selected.to, 1);
  return right <= left ? undefined : { left: left * 100, width: (right - left) * 100 };
};

/** A length of one bar in words: `150 s`, `5 m`, `2 h`. */
export const barLength = (barMs: number): string => {
  const seconds = Math.round(barMs / 1000);
  if (seconds < 300 && seconds % 60 !== 0) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${Math.max(1, minutes)} m` : `${Math.round(minutes / 60)} h`;
};
