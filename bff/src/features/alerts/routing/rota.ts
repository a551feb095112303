import type { Team } from "@wheelhouse/shared/alerts/routing.ts";
import { DateTime } from "luxon";

export type RotaTeam = Pick<Team, "timeZone" | "handoverDay" | "handoverTime" | "rotaFrom" | "layers">;
export type RotaOverride = {
  id: string;
  layer: number;
  userId: string;
  startsMs: number;
  endsMs: number;
  reason: string | null;
  by: string;
};
/** One person on call without a change. */
export type Stretch = { fromMs: number; toMs: number; userId: string; override: RotaOverride | null };

/**
 * The hand-over that begins week `week` of the rota. Weeks are counted on the calendar of the zone, so that a week in which
 * the clocks change is an hour longer or shorter and its hand-over keeps its time of day.
 */
function handoverAt(team: RotaTeam, week: number): number {
  const [hour = 0, minute = 0] = team.handoverTime.split(":").map(Number);
  return DateTime.fromISO(team.rotaFrom, { zone: team.timeZone })
    .startOf("week")
    .plus({ weeks: week, days: team.handoverDay - 1 })
    .set({ hour, minute })
    .toMillis();
}

const weekMs = 7 * 24 * 3_600_000;

/** The week of the rota at a moment; negative before its first. */
function weekAt(team: RotaTeam, atMs: number): number {
  let week = Math.floor((atMs - handoverAt(team, 0)) / weekMs);
  while (handoverAt(team, week + 1) <= atMs) week += 1;
  while (handoverAt(team, week) > atMs) week -= 1;
  return week;
}

const modulo = (value: number, by: number) => ((value % by) + by) % by;

function byRota(team: RotaTeam, layer: number, week: number): string | null {
  const people = team.layers[layer] ?? [];
  return people[modulo(week, Math.max(people.length, 1))] ?? null;
}

/** The newest of the overrides that hold at a moment. */
const overrideAt = (overrides: readonly RotaOverride[], layer: number, atMs: number) =>
  overrides.findLast((each) => each.layer === layer && each.startsMs <= atMs && atMs < each.endsMs) ?? null;

/** Who is on call in a layer at a moment; null for nobody. @param overrides oldest first */
export function onCallAt(
  team: RotaTeam,
  overrides: readonly RotaOverride[],
  layer: number,
  atMs: number,
): string | null {
  return overrideAt(overrides, layer, atMs)?.userId ?? byRota(team, layer, weekAt(team, atMs));
}

/** Hand-overs within a time, in order. */
export function handoversIn(team: RotaTeam, fromMs: number, toMs: number): { atMs: number; local: string }[] {
  const found: { atMs: number; local: string }[] = [];
  for (let week = weekAt(team, fromMs); ; week++) {
    const atMs = handoverAt(team, week);
    if (atMs >= toMs) return found;
    if (atMs < fromMs) continue;
    const local = DateTime.fromMillis(atMs, { zone: team.timeZone }).toFormat("ccc HH:mm", { locale: "en" });
    found.push({ atMs, local: `${local} ${team.timeZone.split("/").at(-1)?.replaceAll("_", " ") ?? ""}` });
  }
}

/** Who is on call in a layer over a time, with overrides; gaps are left out. */
export function stretchesOf(
  team: RotaTeam,
  overrides: readonly RotaOverride[],
  layer: number,
  fromMs: number,
  toMs: number,
): Stretch[] {
  const within = overrides.filter(
    (each) => each.layer === layer && each.startsMs < toMs && each.endsMs > fromMs,
  );
  const cuts = [
    fromMs,
    ...handoversIn(team, fromMs, toMs).map(({ atMs }) => atMs),
    ...within.flatMap(({ startsMs, endsMs }) => [startsMs, endsMs]),
  ].filter((ms) => ms >= fromMs && ms < toMs);
  const edges = [...new Set(cuts)].sort((a, b) => a - b);
  return edges.flatMap((startMs, at): Stretch[] => {
    const override = overrideAt(within, layer, startMs);
    const userId = override?.userId ?? byRota(team, layer, weekAt(team, startMs));
    return userId === null ? [] : [{ fromMs: startMs, toMs: edges[at + 1] ?? toMs, userId, override }];
  });
}
