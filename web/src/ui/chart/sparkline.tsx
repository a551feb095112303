import { memo } from "react";

type Tone = "plain" | "bad" | "warn" | "accent";
const toneClass = { plain: "", bad: " bad", warn: " warn", accent: " acc" } as const;

const round = (value: number): number => Math.round(value * 10) / 10;

/**
 * Path data of a line over `width` × `height`, and of the area under it. A null interrupts the line. The scale
 * ranges from zero to `top`.
 */
export const trendPaths = (
  values: readonly (number | null)[],
  { width, height, top }: { width: number; height: number; top: number },
): { line: string; area: string } => {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const pad = 2;
  const runs: { x: number; y: number }[][] = [[]];
  values.forEach((value, index) => {
    if (value === null) {
      if ((runs.at(-1)?.length ?? 0) > 0) runs.push([]);
      return;
    }
    const y = top === 0 ? height - pad : height - pad - (Math.max(value, 0) / top) * (height - 2 * pad);
    runs.at(-1)?.push({ x: round(index * step), y: round(y) });
  });
  const drawn = runs.filter((run) => run.length > 0);
  const lineOf = (run: { x: number; y: number }[]) => `M${run.map(({ x, y }) => `${x} ${y}`).join("L")}`;
  return {
    line: drawn.map((run) => (run.length === 1 ? `${lineOf(run)}h.1` : lineOf(run))).join(""),
    area: drawn
      .filter((run) => run.length > 1)
      .map((run) => `${lineOf(run)}L${run.at(-1)?.x} ${height}L${run[0]?.x} ${height}Z`)
      .join(""),
  };
};

/**
 * A trend as an SVG that fills its box. `label` describes it in words. `threshold`, in the series' unit, is
 * drawn dashed. `top`: upper end of the scale, by default the largest value.
 */
export const Sparkline = memo(
  (props: {
    values: readonly (number | null)[];
    label: string;
    tone?: Tone;
    threshold?: number;
    top?: number;
    height?: number;
    isFilled?: boolean;
    /** Changes, at shares (0–1) of the width, named on hover. */
    marks?: readonly { at: number; text: string }[];
  }) => {
    const { values, label, tone = "plain", threshold, height = 40, isFilled = true, marks = [] } = props;
    const width = 120;
    const known = values.filter((value) => value !== null);
    const top = props.top ?? Math.max(...known, threshold ?? 0, 0) * 1.05;
    const { line, area } = trendPaths(values, { width, height, top });
    const thresholdY =
      threshold === undefined || top === 0 ? null : height - 2 - (threshold / top) * (height - 4);
    return (
      <svg
        className="sp"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={known.length === 0 ? `${label}: no data yet` : label}
      >
        {isFilled && <path className={`ar${toneClass[tone]}`} d={area} />}
        {thresholdY !== null && <path className="th" d={`M0 ${round(thresholdY)}H${width}`} />}
        {marks.length > 0 && (
          <path className="mk" d={marks.map(({ at }) => `M${round(at * width)} 0V${height}`).join("")} />
        )}
        <path className={`ln${toneClass[tone]}`} d={line} />
        {marks.map(({ at, text }) => (
          <rect
            key={`${at} ${text}`}
            x={round(at * width) - 1}
            width={2}
            height={height}
            fill="transparent"
            pointerEvents="all"
          >
            <title>{text}</title>
          </rect>
        ))}
      </svg>
    );
  },
);
