import type { Aspect, Figures } from "#observe/aspect.ts";
import { noRows, observationsOf, type Tick } from "#observe/tick/tick.ts";

/** 1 while a thing works, 0 while it is down: the mean over a time is its uptime. */
export const upMetric = "up";
/** The share of a summed step in which `up` was known; made when it is summed up. */
export const knownMetric = "upKnown";

/** All figures of a tick. What was not heard lately has no figures, and a last known one is never taken for a new one. */
export function figuresOfTick(aspects: readonly Aspect[], tick: Tick): Figures[] {
  const ids = new Map(tick.head.organizations.map(({ id, slug }) => [slug, id]));
  const seen = {
    ...observationsOf(tick),
    atMs: Date.parse(tick.head.observedAt),
    organizationIdOf: (slug: string) => ids.get(slug),
  };
  return aspects.flatMap((aspect) => aspect.figures?.(tick.rows[aspect.key] ?? noRows, seen) ?? []);
}
