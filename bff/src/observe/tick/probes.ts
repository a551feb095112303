import type { Clock } from "#lib/time/clock.ts";
import { createProbe, type Probe } from "#observe/targets/targets.ts";

/** One probe for each source of a changing list; a source that stays keeps its probe and its results. */
export function createProbes<T, S extends object>(
  list: readonly (S & { sample(): Promise<T> })[],
  options: { clock: Clock; everyMs: number },
) {
  let known = new Map<object, Probe<T>>();
  return () => {
    const probed = list.map((source) => ({
      source,
      probe: known.get(source) ?? createProbe(() => source.sample(), options),
    }));
    known = new Map(probed.map(({ source, probe }) => [source, probe]));
    return probed;
  };
}
