import type { Aspect, Figures } from "#observe/aspect.ts";
import { noRows, observationsOf, type Tick } from "#observe/tick/tick.ts";

/** 1 while something is up, 0 while it is down: the mean over a time is its uptime. */
export const upMetric = "up";
/** The share of a step in which `up` was known; computed when steps are summed up. */
export const knownMetric = "upKnown";

const made = new WeakMap<Tick, readonly Figures[]>();

/**
 * All figures of a tick, made once for the history and the alerts. Stale rows have no figures, because a last known
 * value is not a new one.
 */
export function figuresOfTick(aspects: readonly Aspect[], tick: Tick): readonly Figures[] {
  const known = made.get(tick) ?? readFigures(aspects, tick);
  made.set(tick, known);
  return known;
}

function readFigures(aspects: readonly Aspect[], tick: Tick): Figures[] {
  const ids = new Map(tick.head.organizations.map(({ id, slug }) => [slug, id]));
  const seen = {
    ...observationsOf(tick),
    atMs: Date.parse(tick.head.observedAt),
    organizationIdOf: (slug: string) => ids.get(slug),
  };
  return aspects.flatMap((aspect) => aspect.figures?.(tick.rows[aspect.key] ?? noRows, seen) ?? []);
}
