import type { JournalKind } from "@wheelhouse/shared/live/history-kinds.ts";
import type { Aspect } from "#observe/aspect.ts";
import { noRows, type Tick } from "#observe/tick/tick.ts";

/** A state as it is stored. */
export type MoveRow = {
  organizationId: string;
  kind: JournalKind;
  entity: string;
  name: string;
  /** Empty for the thing as a whole. */
  part: string;
  at: string;
  state: string;
  from: string | null;
  failureRatio: number | null;
};

const keyOf = (entity: string, part: string | null) => `${entity}/${part ?? ""}`;

/**
 * States that a tick knows and the one before did not. After a pause all known ones are returned again; the store
 * ignores what it has.
 */
export function movesOf(aspects: readonly Aspect[], tick: Tick, before: Tick | null): MoveRow[] {
  const ids = new Map(tick.head.organizations.map(({ id, slug }) => [slug, id]));
  return aspects.flatMap(({ key, moves }) => {
    if (!moves) return [];
    const known = new Map((before?.rows[key] ?? noRows).map((row) => [`${row.organization}/${row.id}`, row]));
    return (tick.rows[key] ?? noRows).flatMap((row) => {
      const organizationId = ids.get(row.organization);
      const was = known.get(`${row.organization}/${row.id}`);
      if (organizationId === undefined || was === row) return [];
      const had = new Map(
        (was ? moves.of(was) : []).map(({ entity, part, states }) => [keyOf(entity, part), states]),
      );
      return moves.of(row).flatMap(({ entity, name, part, states }) => {
        const newest = had.get(keyOf(entity, part))?.at(-1);
        const place = newest
          ? states.findLastIndex((each) => each.at === newest.at && each.state === newest.state)
          : -1;
        return states.slice(place + 1).map(({ at, state, failureRatio }, index): MoveRow => {
          const from = states[place + index]?.state ?? null;
          return {
            organizationId,
            kind: moves.kind,
            entity,
            name,
            part: part ?? "",
            at,
            state,
            from,
            failureRatio,
          };
        });
      });
    });
  });
}
