import type { AuditActivity } from "@wheelhouse/shared/audit/explore.ts";
import type { AuditFilter } from "./filter.ts";
import { slotAt } from "./slots.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
type Hours = AuditActivity["hours"];
const eventsOf = ({ success, refused }: { success: number; refused: number }): number => success + refused;

export type Plot = "hour" | "day" | "actor" | "action";

/** The longest range that the server counts at once, and its default range. */
const spanMaxMs = 92 * dayMs;
const usualSpanMs = 28 * dayMs;

/**
 * The filter of a plot: the page's filter without the selection made in this plot, so that its other marks
 * remain selectable. The plot of days shows the last four weeks unless the range lies outside them.
 */
export const plotFilter = (filter: AuditFilter, plot: Plot, nowMs: number): AuditFilter => {
  const { from, to, slot, action, actor, ...rest } = filter;
  const others = {
    ...rest,
    ...(plot === "hour" ? {} : { slot }),
    ...(plot === "action" ? {} : { action }),
    ...(plot === "actor" ? {} : { actor }),
  };
  if (from === undefined && to === undefined) return others;
  const toMs = to === undefined ? nowMs : Math.min(Date.parse(to), nowMs);
  const fromMs = from === undefined ? toMs - usualSpanMs : Date.parse(from);
  if (fromMs >= toMs || (plot === "day" && fromMs >= nowMs - usualSpanMs)) return others;
  const beginMs = plot === "day" ? Math.min(fromMs, toMs - usualSpanMs) : fromMs;
  return {
    ...others,
    from: new Date(Math.max(beginMs, toMs - spanMaxMs)).toISOString(),
    to: new Date(toMs).toISOString(),
  };
};

/** Events per hour of the week, by slot. */
export const bySlot = (hours: Hours): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  for (const hour of hours) {
    const slot = slotAt(Date.parse(hour.at));
    found.set(slot, (found.get(slot) ?? 0) + eventsOf(hour));
  }
  return found;
};

/** One bar per UTC day, from the day of `from` to that of `to`: successful events and others. */
export const byDay = ({ hours, from, to }: Pick<AuditActivity, "hours" | "from" | "to">) => {
  const fromMs = Math.floor(Date.parse(from) / dayMs) * dayMs;
  const days = Math.floor((Date.parse(to) - 1) / dayMs) - fromMs / dayMs + 1;
  const bars = Array.from({ length: days }, (): [number, number] => [0, 0]);
  for (const hour of hours) {
    const bar = bars[Math.floor((Date.parse(hour.at) - fromMs) / dayMs)];
    if (bar === undefined) continue;
    bar[0] += hour.success;
    bar[1] += hour.refused;
  }
  return { fromMs, barMs: dayMs, bars };
};

/** Value from which a cell has the darkest of four shades: 90% of the hours with events lie below it. */
export const heatTop = (values: Iterable<number>): number => {
  const busy = [...values].filter((value) => value > 0).sort((a, b) => a - b);
  return Math.max(4, busy[Math.floor(busy.length * 0.9)] ?? 0);
};

/** Shade of a cell, 0 to 4. */
export const heatStep = (value: number, top: number): number =>
  value === 0 ? 0 : Math.min(4, 1 + Math.floor((value / top) * 3));

const oddAtLeast = 20;
const oddTimes = 8;

/** The hour that deviates most from the same hour in the other weeks; undefined when none does. */
export const oddHour = ({ hours, from, to }: Pick<AuditActivity, "hours" | "from" | "to">) => {
  const weeks = Math.round((Date.parse(to) - Date.parse(from)) / (7 * dayMs));
  const perSlot = new Map<string, number[]>();
  for (const hour of hours) {
    const slot = slotAt(Date.parse(hour.at));
    perSlot.set(slot, [...(perSlot.get(slot) ?? []), eventsOf(hour)]);
  }
  let odd: { slot: string; events: number; usual: number } | undefined;
  if (weeks < 3) return odd;
  for (const [slot, counts] of perSlot) {
    const sorted = [...counts, ...Array<number>(Math.max(0, weeks - counts.length)).fill(0)].sort(
      (a, b) => a - b,
    );
    const events = sorted.at(-1) ?? 0;
    const usual = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
    if (events >= oddAtLeast && events >= oddTimes * (usual + 1) && events > (odd?.events ?? 0))
      odd = { slot, events, usual };
  }
  return odd;
};
