import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Rows `from` to before `to` are drawn. */
export type RowRange = { from: number; to: number };

const firstRange: RowRange = { from: 0, to: 40 };
const usualHeightPx = 41;
const beyondViewPx = 600;
/** Ranges begin and end at multiples, so that scrolling does not render the table for every row. */
const stepRows = 8;

/**
 * The visible rows and some beyond. `heights`: row heights in px, in order; `seenPx`: the visible part of the
 * list, measured from its top edge.
 */
export const rangeOf = (heights: readonly number[], seenPx: { from: number; to: number }): RowRange => {
  let topPx = 0;
  let from = heights.length;
  let to = 0;
  for (const [index, heightPx] of heights.entries()) {
    if (topPx + heightPx > seenPx.from - beyondViewPx && topPx < seenPx.to + beyondViewPx) {
      from = Math.min(from, index);
      to = index + 1;
    }
    topPx += heightPx;
  }
  // A list entirely out of view keeps its first rows, so that heights can be measured.
  if (to === 0) return { from: 0, to: Math.min(stepRows, heights.length) };
  return {
    from: Math.floor(from / stepRows) * stepRows,
    to: Math.min(Math.ceil(to / stepRows) * stepRows, heights.length),
  };
};

/**
 * Table content from the top: rows by index, and gaps for rows not rendered. `kept` rows are always rendered.
 */
export const partsOf = (
  heights: readonly number[],
  { from, to }: RowRange,
  kept: readonly number[],
): readonly ({ row: number } | { gapPx: number; after: number })[] => {
  const drawn = [
    ...kept.filter((index) => index >= 0 && index < heights.length && (index < from || index >= to)),
  ];
  for (let index = from; index < Math.min(to, heights.length); index += 1) drawn.push(index);
  const rows = [...new Set(drawn)].sort((a, b) => a - b);
  const gap = (after: number, before: number) => {
    const gapPx = heights.slice(after + 1, before).reduce((sum, heightPx) => sum + heightPx, 0);
    return gapPx === 0 ? [] : [{ gapPx, after }];
  };
  return [
    ...rows.flatMap((row, at) => [...gap(rows[at - 1] ?? -1, row), { row }]),
    ...gap(rows.at(-1) ?? -1, heights.length),
  ];
};

/** Height of a rendered row including the group header above it. */
const heightOf = (row: HTMLElement): number => {
  const before = row.previousElementSibling;
  const headPx = before instanceof HTMLElement && before.classList.contains("day") ? before.offsetHeight : 0;
  return row.offsetHeight + headPx;
};

/**
 * Renders only the visible part of a long list, whatever element scrolls it. Heights are measured once
 * rendered, and assumed to be average until then. `keys`: keys of all rows; null for a short list, which is
 * rendered completely.
 */
export const useRowWindow = (
  body: RefObject<HTMLTableSectionElement | null>,
  keys: readonly string[] | null,
) => {
  const [range, setRange] = useState(firstRange);
  const measured = useRef(new Map<string, number>());
  const usualPx = useRef(usualHeightPx);
  const isOn = keys !== null;

  const heights = useCallback(
    () => (keys ?? []).map((key) => measured.current.get(key) ?? usualPx.current),
    [keys],
  );
  const look = useCallback(() => {
    if (keys === null || body.current === null) return;
    const topPx = body.current.getBoundingClientRect().top;
    const next = rangeOf(heights(), { from: -topPx, to: window.innerHeight - topPx });
    setRange((before) => (before.from === next.from && before.to === next.to ? before : next));
  }, [body, keys, heights]);

  // Measured every time, because a rendered row may have grown by a line.
  useLayoutEffect(() => {
    if (!isOn || body.current === null) return;
    let sumPx = 0;
    let count = 0;
    for (const row of body.current.querySelectorAll<HTMLElement>("tr[data-key]")) {
      const heightPx = heightOf(row);
      measured.current.set(row.dataset.key ?? "", heightPx);
      sumPx += heightPx;
      count += 1;
    }
    if (count > 0) usualPx.current = sumPx / count;
    look();
  }, [isOn, body, look]);

  useEffect(() => {
    if (!isOn) return;
    let frame = 0;
    const onMove = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look);
    };
    const onResize = () => {
      measured.current.clear();
      onMove();
    };
    document.addEventListener("scroll", onMove, { capture: true, passive: true });
    window.addEventListener("resize", onResize);
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener("scroll", onMove, { capture: true });
      window.removeEventListener("resize", onResize);
    };
  }, [isOn, look]);

  return { range, heights };
};
