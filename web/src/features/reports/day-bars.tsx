import type { FiguresReport } from "@wheelhouse/shared/reports.ts";
import { formatCount } from "#lib/format.ts";
import styles from "./reports.module.css";

type Day = FiguresReport["days"][number];
const heightUnits = 56;
const barUnits = 10;

/** One bar a day: deliveries with dead letters on top, or audit events with refused ones. */
export const DayBars = (props: {
  label: string;
  days: readonly Day[];
  good: (day: Day) => number;
  bad: (day: Day) => number;
}) => {
  const { label, days, good, bad } = props;
  const top = Math.max(1, ...days.map((day) => good(day) + bad(day)));
  const total = days.reduce((sum, day) => sum + good(day) + bad(day), 0);
  const scale = (value: number) => (value / top) * (heightUnits - 2);
  return (
    <div className={styles.bars}>
      <svg
        viewBox={`0 0 ${Math.max(days.length, 14) * barUnits} ${heightUnits}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${formatCount(total)} in ${days.length} days`}
      >
        {days.map((day, index) => {
          const [ok, wrong] = [scale(good(day)), scale(bad(day))];
          const x = index * barUnits + 1;
          return (
            <g key={day.day}>
              <title>{`${day.day}: ${formatCount(good(day) + bad(day))}`}</title>
              <rect className="bar-ok" x={x} y={heightUnits - ok} width={barUnits - 2} height={ok} />
              <rect
                className="bar-bad"
                x={x}
                y={heightUnits - ok - wrong}
                width={barUnits - 2}
                height={wrong}
              />
            </g>
          );
        })}
      </svg>
    </div>
  );
};
