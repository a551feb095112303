import { weekdays } from "../slots.ts";

const dayMs = 86_400_000;

/** ISO week number and the year it belongs to. */
const weekOf = (mondayMs: number): number => {
  const thursday = new Date(mondayMs + 3 * dayMs);
  const firstMs = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return 1 + Math.floor((thursday.getTime() - firstMs) / (7 * dayMs));
};

/** The days of a week that have begun, each from 00:00 UTC. */
export const daysOf = (
  week: { from: string; to: string },
  nowMs: number,
): { name: string; from: string; to: string }[] => {
  const fromMs = Date.parse(week.from);
  return weekdays
    .map((name, index) => ({
      name,
      from: new Date(fromMs + index * dayMs).toISOString(),
      to: new Date(fromMs + (index + 1) * dayMs).toISOString(),
    }))
    .filter(({ from }) => Date.parse(from) <= nowMs);
};

/** The week of a moment and the three before it, newest first, each from Monday 00:00 UTC. */
export const recentWeeks = (nowMs: number): { name: string; from: string; to: string; isOver: boolean }[] => {
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * dayMs;
  return [0, 1, 2, 3].map((back) => {
    const fromMs = monday - back * 7 * dayMs;
    return {
      name: `week ${weekOf(fromMs)}`,
      from: new Date(fromMs).toISOString(),
      to: new Date(fromMs + 7 * dayMs).toISOString(),
      isOver: back > 0,
    };
  });
};
