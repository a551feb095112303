import type { Clock } from "#lib/time/clock.ts";
import {
  type Aspect,
  aspectKey,
  type Board,
  type Change,
  type OrganizationKey,
  type Owned,
} from "#observe/aspect.ts";
import { createProbe } from "#observe/targets/targets.ts";

/** Recent changes by people and pipelines in one organization, newest first. */
export type ObservedActs = Owned & { acts: readonly Change[] };

export const actRows = aspectKey<ObservedActs>("acts");

/** By id of the organization. Rejects when they cannot be read. */
export type ReadActs = (
  organizationIds: readonly string[],
) => Promise<ReadonlyMap<string, readonly Change[]>>;

const everyMs = 3_000;

export function createActsBoard(deps: {
  recentActs: ReadActs;
  intervalMs: number;
  clock: Clock;
}): Board<ObservedActs> {
  const { recentActs, intervalMs, clock } = deps;
  let asked: readonly OrganizationKey[] = [];
  const probe = createProbe(
    async () => {
      const slugs = new Map(asked.map(({ id, slug }) => [id, slug]));
      const found = await recentActs([...slugs.keys()]);
      return [...found].flatMap(([id, acts]): ObservedActs[] => {
        const organization = slugs.get(id);
        return organization === undefined ? [] : [{ id, organization, acts }];
      });
    },
    { clock, everyMs: Math.max(everyMs, intervalMs) },
  );
  let adopted: readonly ObservedActs[] = [];
  return {
    poke(known) {
      asked = known;
      return probe.poke();
    },
    adopt(rows) {
      adopted = rows;
    },
    observe: () => ({ rows: probe.latest()?.value ?? adopted, changes: [] }),
    rest() {},
  };
}

/** Audited changes and deployments as lines of the recent changes. */
export const createActsAspect = (board?: Board<ObservedActs>): Aspect<ObservedActs> => ({
  key: actRows.key,
  board,
  recentChanges: (rows) => rows.flatMap(({ acts }) => acts),
});
