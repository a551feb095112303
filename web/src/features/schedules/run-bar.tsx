import type { RunOutcome } from "@wheelhouse/shared/queues/schedules.ts";
import { memo } from "react";
import styles from "./schedules.module.css";

type Bar = { className: string; path: (x: number, width: number) => string; word: string };

const line = (y: number) => (x: number, width: number) => `M${x} ${y}h${width}`;
const failed: Bar = { className: "hb-d", path: line(10), word: "failed" };
const bars: Record<RunOutcome, Bar> = {
  completed: { className: "hb-o", path: line(16), word: "completed" },
  failed,
  timed_out: { className: "hb-d", path: line(10), word: "timed out" },
  missed: {
    className: "hb-u",
    path: (x, width) => `M${x} 2h${width}M${x} 10h${width}M${x} 18h${width}`,
    word: "missed",
  },
  unknown: { className: "hb-s", path: line(19), word: "with unknown outcome" },
  running: { className: "hb-s", path: line(19), word: "running" },
  waiting: { className: "hb-s", path: line(19), word: "waiting" },
};
const most = 20;
const stepPx = 5;

/** `18 completed, 2 failed` */
const countOutcomes = (recent: readonly RunOutcome[]): string => {
  const counts = new Map<string, number>();
  for (const outcome of recent) {
    const { word } = bars[outcome];
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
};

/** The last 20 runs, newest on the right; height shows the outcome, then color. */
export const RunBar = memo(
  ({ recent, isWide = false }: { recent: readonly RunOutcome[]; isWide?: boolean }) => {
    const width = most * stepPx;
    const offset = (most - recent.length) * stepPx;
    const label =
      recent.length === 0 ? "no runs yet" : `last ${recent.length} runs: ${countOutcomes(recent)}`;
    return (
      <svg
        className="hb"
        width={isWide ? "100%" : width}
        height="20"
        viewBox={`0 0 ${width} 20`}
        preserveAspectRatio={isWide ? "none" : "xMidYMid meet"}
        role="img"
        aria-label={label}
      >
        {recent.map((outcome, index) => {
          const { className, path } = bars[outcome];
          const x = offset + index * stepPx;
          return <path key={x} className={`${className} ${styles.mark}`} d={path(x, stepPx - 1)} />;
        })}
      </svg>
    );
  },
);
