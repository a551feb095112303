import type { Figures } from "#observe/aspect.ts";
import { finest, floorTo, stepsOf } from "../times.ts";

/** Values of one entity by metric over one chunk; each list has one value for each step. */
export type Chunk = {
  organizationId: string;
  kind: string;
  entity: string;
  startsAtMs: number;
  means: Map<string, (number | null)[]>;
};

type Cells = { organizationId: string; kind: string; entity: string; sums: Map<string, Sums> };
type Sums = { sums: Float64Array; counts: Uint16Array };

const steps = stepsOf(finest);
/** Closed chunks that wait for Postgres: 6 h of them. */
const mostClosed = 36;

/**
 * The chunks of 10 min that are being filled, in memory: each tick adds to the mean of its 10 s, or
 * raises its peak. A chunk closes with the first tick after it and waits until it is taken; while nobody can take it
 * the oldest are given up in the end.
 *
 * @param peaks metrics of which the largest value of 10 s is kept, not the mean.
 */
export function createWindow(peaks: ReadonlySet<string> = new Set()) {
  let startsAtMs: number | null = null;
  let cells = new Map<string, Cells>();
  let closed: { startsAtMs: number; chunks: Chunk[] }[] = [];

  const keyOf = (of: Pick<Chunk, "organizationId" | "kind" | "entity">) =>
    `${of.organizationId} ${of.kind} ${of.entity}`;
  const cellsOf = (of: Pick<Chunk, "organizationId" | "kind" | "entity">): Cells => {
    const key = keyOf(of);
    const known = cells.get(key);
    if (known) return known;
    const { organizationId, kind, entity } = of;
    const fresh = { organizationId, kind, entity, sums: new Map<string, Sums>() };
    cells.set(key, fresh);
    return fresh;
  };
  const sumsOf = (of: Cells, metric: string): Sums => {
    const known = of.sums.get(metric);
    if (known) return known;
    const fresh = { sums: new Float64Array(steps), counts: new Uint16Array(steps) };
    of.sums.set(metric, fresh);
    return fresh;
  };
  const chunks = (): Chunk[] =>
    [...cells.values()].flatMap(({ organizationId, kind, entity, sums }) => {
      if (startsAtMs === null) return [];
      const means = new Map(
        [...sums].map(([metric, of]) => [
          metric,
          Array.from(of.sums, (sum, at) => {
            const count = of.counts[at] ?? 0;
            return count === 0 ? null : sum / count;
          }),
        ]),
      );
      return [{ organizationId, kind, entity, startsAtMs, means }];
    });

  /** Closes the window when this time is after it. False when it is before it: nothing is added any more. */
  const turnTo = (atMs: number): boolean => {
    const begin = floorTo(atMs, finest.chunkMs);
    if (startsAtMs !== null && begin < startsAtMs) return false;
    if (startsAtMs !== null && begin > startsAtMs) {
      if (cells.size > 0) closed = [...closed, { startsAtMs, chunks: chunks() }].slice(-mostClosed);
      cells = new Map();
    }
    startsAtMs = begin;
    return true;
  };

  return {
    add(atMs: number, all: readonly Figures[]) {
      if (!turnTo(atMs)) return;
      const step = Math.floor((atMs % finest.chunkMs) / finest.stepMs);
      for (const { metrics, values, ...of } of all) {
        const into = cellsOf(of);
        values.forEach((value, at) => {
          const metric = metrics[at];
          if (value === null || metric === undefined) return;
          const { sums, counts } = sumsOf(into, metric);
          if (peaks.has(metric)) {
            sums[step] = Math.max(sums[step] ?? 0, value);
            counts[step] = 1;
            return;
          }
          sums[step] = (sums[step] ?? 0) + value;
          counts[step] = (counts[step] ?? 0) + 1;
        });
      }
    },
    /** What is known of the running window, for readers and for the case of a crash. */
    open: chunks,
    /** Takes over what another process had of the running window. What is known here stays. */
    adopt(found: readonly Chunk[]) {
      for (const chunk of found) {
        if (chunk.startsAtMs !== startsAtMs) continue;
        const into = cellsOf(chunk);
        for (const [metric, means] of chunk.means) {
          const { sums, counts } = sumsOf(into, metric);
          means.forEach((mean, at) => {
            if (mean === null || (counts[at] ?? 0) > 0) return;
            sums[at] = mean;
            counts[at] = 1;
          });
        }
      }
    },
    /** Closed windows, oldest first; `settle` says that they are stored. */
    closed: () => closed,
    settle(stored: readonly { startsAtMs: number }[]) {
      const done = new Set(stored.map(({ startsAtMs: at }) => at));
      closed = closed.filter(({ startsAtMs: at }) => !done.has(at));
    },
    startsAtMs: () => startsAtMs,
    /** Another process remembers now. */
    forget() {
      startsAtMs = null;
      cells = new Map();
      closed = [];
    },
  };
}
