import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { Aspect, Part, Tile } from "#observe/aspect.ts";
import { countChecks, findAll, foldProblems, type RecentChanges } from "./problems.ts";

const mostChanges = 20;

/** Sums up the aspects of one organization. An unknown value is null, never zero. */
export function buildOverview(aspects: readonly Aspect[], part: Part): Overview {
  const found = findAll(aspects, part);
  const changes: RecentChanges = [
    ...part.changes(),
    ...aspects.flatMap((aspect) =>
      (aspect.recentChanges?.(part.rowsOf(aspect.key)) ?? []).map((change) => ({ change, subject: null })),
    ),
  ].sort((a, b) => b.change.at.localeCompare(a.change.at));
  const tiles: Tile = {};
  for (const aspect of aspects) Object.assign(tiles, aspect.tile?.(part.rowsOf(aspect.key), part));
  const tile = <Name extends keyof Tile>(name: Name): NonNullable<Tile[Name]> => {
    const told = tiles[name];
    if (told === undefined) throw new Error(`no aspect provides the tile ${name}`);
    return told;
  };
  return {
    observedAt: part.observedAt,
    intervalMs: part.intervalMs,
    checks: countChecks(found),
    problems: foldProblems(found, changes),
    red: tile("red"),
    tiles: {
      queues: tile("queues"),
      breakers: tile("breakers"),
      redis: tile("redis"),
      caches: tile("caches"),
      webhooks: tile("webhooks"),
    },
    recentChanges: changes.slice(0, mostChanges).map(({ change }) => change),
    sources: tile("sources"),
  };
}
