import type { ServiceRow } from "@wheelhouse/shared/health/health.ts";

type Node = Pick<ServiceRow, "id" | "name" | "dependsOn">;
export type Placed = { id: string; layer: number; x: number; y: number };
/** `label`: where a text about the call stands, on its line. */
export type Edge = { from: string; to: string; d: string; label: { x: number; y: number } };
/** What the graph may fill, in px. */
export type Space = { width: number; height: number };
export type GraphLayout = {
  placed: ReadonlyMap<string, Placed>;
  edges: Edge[];
  width: number;
  height: number;
};

export const nodeSize = { width: 150, height: 46 } as const;
const least = { x: 44, y: 20 } as const;
/** Rows farther apart than this no longer read as one column. */
const mostGapY = 160;
const noSpace: Space = { width: 0, height: 0 };
/** Place of a label on the first bend of its line: off its middle, where crossing lines meet. */
const labelAt = 0.35;
const sweeps = 4;

/** Calls between listed services, without those that would close a cycle. */
const acyclicCalls = (nodes: readonly Node[]): ReadonlyMap<string, readonly string[]> => {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const state = new Map<string, "open" | "done">();
  const calls = new Map<string, string[]>();
  for (const { id: start } of nodes) {
    const path = state.has(start) ? [] : [{ id: start, next: 0 }];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      if (at.next === 0) state.set(at.id, "open");
      const callees = known.get(at.id)?.dependsOn ?? [];
      const callee = callees[at.next];
      at.next += 1;
      if (callee === undefined) {
        state.set(at.id, "done");
        path.pop();
      } else if (known.has(callee) && state.get(callee) !== "open") {
        calls.set(at.id, [...(calls.get(at.id) ?? []), callee]);
        if (!state.has(callee)) path.push({ id: callee, next: 0 });
      }
    }
  }
  return calls;
};

/**
 * Column of each service: callers left of their dependencies; a service without callers directly left of its
 * dependencies.
 */
const layersOf = (
  nodes: readonly Node[],
  calls: ReadonlyMap<string, readonly string[]>,
): Map<string, number> => {
  const heights = new Map<string, number>();
  const heightOf = (id: string): number => {
    const known = heights.get(id);
    if (known !== undefined) return known;
    const height = Math.max(-1, ...(calls.get(id) ?? []).map(heightOf)) + 1;
    heights.set(id, height);
    return height;
  };
  const top = Math.max(0, ...nodes.map(({ id }) => heightOf(id)));
  return new Map(nodes.map(({ id }) => [id, top - (heights.get(id) ?? 0)]));
};

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const columnsOf = (sorted: readonly Node[], layers: ReadonlyMap<string, number>): string[][] => {
  const columns: string[][] = [];
  for (const { id } of sorted) {
    const layer = layers.get(id) ?? 0;
    const column = columns[layer] ?? [];
    columns[layer] = column;
    column.push(id);
  }
  return columns;
};

/** Callers and dependencies of each, one entry per call. */
const tiesOf = (calls: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> => {
  const tied = new Map<string, string[]>();
  for (const [from, callees] of calls)
    for (const to of callees) {
      tied.set(from, [...(tied.get(from) ?? []), to]);
      tied.set(to, [...(tied.get(to) ?? []), from]);
    }
  return tied;
};

/** Distance of the columns and rows that fills the space; never less than what keeps them apart. */
const gapsIn = (space: Space, columns: number, rows: number) => ({
  x: columns < 2 ? least.x : Math.max(least.x, (space.width - columns * nodeSize.width) / (columns - 1)),
  y:
    rows < 2
      ? least.y
      : Math.min(mostGapY, Math.max(least.y, (space.height - rows * nodeSize.height) / (rows - 1))),
});

/**
 * A layered graph that fills `space`: callers left, dependencies right, one column per layer. Within its column,
 * each node is placed near its neighbors. Cycles are drawn but do not affect the columns.
 */
export const layOutGraph = (nodes: readonly Node[], space: Space = noSpace): GraphLayout => {
  const sorted = [...nodes].sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
  const calls = acyclicCalls(sorted);
  const layers = layersOf(sorted, calls);
  const columns = columnsOf(sorted, layers);
  const tied = tiesOf(calls);
  const rows = Math.max(0, ...columns.map((column) => column.length));
  const gap = gapsIn(space, columns.length, rows);
  const height = Math.max(1, rows) * (nodeSize.height + gap.y) - gap.y;
  const centre = new Map<string, number>();
  const spread = (column: readonly string[]) => {
    const step = height / column.length;
    for (const [index, id] of column.entries()) centre.set(id, step * (index + 0.5));
  };
  for (const column of columns) spread(column);
  for (let sweep = 0; sweep < sweeps; sweep += 1)
    for (const column of sweep % 2 === 0 ? columns : columns.toReversed()) {
      const wanted = new Map(
        column.map((id) => [
          id,
          mean((tied.get(id) ?? []).map((other) => centre.get(other) ?? 0)) ?? centre.get(id) ?? 0,
        ]),
      );
      column.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      spread(column);
    }
  const placed = new Map(
    columns.flatMap((column, layer) =>
      column.map((id): [string, Placed] => [
        id,
        {
          id,
          layer,
          x: layer * (nodeSize.width + gap.x),
          y: (centre.get(id) ?? 0) - nodeSize.height / 2,
        },
      ]),
    ),
  );
  const freeOf = (layer: number, y: number) => {
    const step = height / (columns[layer]?.length ?? 1);
    return Math.round(y / step) * step;
  };
  const edges = sorted.flatMap(({ id, dependsOn }) =>
    dependsOn.flatMap((to): Edge[] => {
      const a = placed.get(id);
      const b = placed.get(to);
      return a === undefined || b === undefined || id === to
        ? []
        : [{ from: id, to, ...pathOf(a, b, gap.x, freeOf) }];
    }),
  );
  return {
    placed,
    edges,
    height,
    width: columns.length * (nodeSize.width + gap.x) - gap.x,
  };
};

/**
 * A call as a line; a long one passes each column between its rows. `freeOf`: the nearest free height in a
 * column.
 */
const pathOf = (
  from: Placed,
  to: Placed,
  gapX: number,
  freeOf: (layer: number, y: number) => number,
): Pick<Edge, "d" | "label"> => {
  const y1 = from.y + nodeSize.height / 2;
  const y2 = to.y + nodeSize.height / 2;
  // A call that closes a cycle leaves on the left.
  if (to.layer <= from.layer) {
    const x2 = to.x + nodeSize.width;
    const bend = least.x / 2;
    return {
      d: `M${from.x} ${y1}C${from.x - bend} ${y1} ${x2 + bend} ${y2} ${x2} ${y2}`,
      label: { x: (from.x + x2) / 2, y: (y1 + y2) / 2 },
    };
  }
  let x = from.x + nodeSize.width;
  let y = y1;
  let d = `M${x} ${y}`;
  let label: Edge["label"] | null = null;
  for (let layer = from.layer + 1; layer <= to.layer; layer += 1) {
    const passed = (layer - from.layer) / (to.layer - from.layer);
    const nextY = layer === to.layer ? y2 : freeOf(layer, y1 + (y2 - y1) * passed);
    const middle = x + gapX / 2;
    d += `C${middle} ${y} ${middle} ${nextY} ${x + gapX} ${nextY}`;
    label ??= {
      x: onBend(x, middle, middle, x + gapX),
      y: onBend(y, y, nextY, nextY),
    };
    x += gapX;
    if (layer < to.layer) {
      x += nodeSize.width;
      d += `H${x}`;
    }
    y = nextY;
  }
  return { d, label: label ?? { x, y } };
};

const onBend = (a: number, b: number, c: number, d: number): number => {
  const [t, left] = [labelAt, 1 - labelAt];
  return left ** 3 * a + 3 * left ** 2 * t * b + 3 * left * t ** 2 * c + t ** 3 * d;
};

/** Target of an arrow key: sideways along the lines, up and down within the column. Null at the end. */
export const neighbourOf = (
  { placed, edges }: GraphLayout,
  from: string,
  key: "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown",
): string | null => {
  const own = placed.get(from);
  if (own === undefined) return null;
  const nearest = (ids: readonly string[]): string | null =>
    ids
      .flatMap((id) => placed.get(id) ?? [])
      .sort((a, b) => Math.abs(a.y - own.y) - Math.abs(b.y - own.y) || a.id.localeCompare(b.id))[0]?.id ??
    null;
  if (key === "ArrowRight") return nearest(edges.filter((edge) => edge.from === from).map(({ to }) => to));
  if (key === "ArrowLeft") return nearest(edges.filter((edge) => edge.to === from).map((edge) => edge.from));
  const column = [...placed.values()].filter(({ layer }) => layer === own.layer).sort((a, b) => a.y - b.y);
  return column[column.indexOf(own) + (key === "ArrowDown" ? 1 : -1)]?.id ?? null;
};
