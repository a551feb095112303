import type { Figures } from "#observe/aspect.ts";
import { finest, floorTo, stepsOf } from "../times.ts";

/** Values of one entity by metric over one chunk, one value per step. */
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
/** Closed chunks waiting for Postgres: 6 h of them. */
const mostClosed = 36;

/**
 * The current 10 min chunks in memory: each tick adds to the mean of its 10 s step, or raises its peak. A
 * chunk closes with the first later tick and waits to be stored; if it cannot be stored for long, the oldest
 * are dropped.
 * @param peaks metrics that keep the maximum of a 10 s step instead of the mean.
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

  /** Closes the window when this time is after it. False when it is before it, which adds nothing. */
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
    /** The known part of the current window, for readers and as protection against a crash. */
    open: chunks,
    /** Takes over another process' part of the current window. Values known here take precedence. */
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
    /** Closed windows, oldest first; call `settle` once they are stored. */
    closed: () => closed,
    settle(stored: readonly { startsAtMs: number }[]) {
      const done = new Set(stored.map(({ startsAtMs: at }) => at));
      closed = closed.filter(({ startsAtMs: at }) => !done.has(at));
    },
    startsAtMs: () => startsAtMs,
    /** Another process writes now. */
    forget() {
      startsAtMs = null;
      cells = new Map();
      closed = [];
    },
  };
}
