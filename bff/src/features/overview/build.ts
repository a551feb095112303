import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { Aspect, Part, Tile } from "#observe/aspect.ts";
import { foldChanges } from "./changes.ts";
import { countChecks, findAll, foldProblems, type RecentChanges, relatedTo } from "./problems.ts";

/** Sums up the aspects of one organization. An unknown value is null, never zero. */
export function buildOverview(aspects: readonly Aspect[], part: Part): Overview {
  const found = findAll(aspects, part);
  const acts = aspects.flatMap((aspect) => aspect.recentChanges?.(part.rowsOf(aspect.key)) ?? []);
  const changes: RecentChanges = [
    ...part.changes(),
    ...acts.map((change) => ({ change, subject: null })),
  ].sort((a, b) => b.change.at.localeCompare(a.change.at));
  const problems = foldProblems(found, changes);
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
    problems,
    red: tile("red"),
    tiles: {
      queues: tile("queues"),
      breakers: tile("breakers"),
      redis: tile("redis"),
      caches: tile("caches"),
      webhooks: tile("webhooks"),
    },
    ...foldChanges(changes, { isRelated: relatedTo(found, problems), nowMs: part.atMs }),
    sources: tile("sources"),
  };
}
