import { gzipSync } from "node:zlib";
import type {
  Aspect,
  AspectKey,
  Encodings,
  Figures,
  ObservedChange,
  OrganizationKey,
  Owned,
  Part,
} from "#observe/aspect.ts";
import { noRows, type Tick } from "#observe/tick/tick.ts";
import type { Trends } from "./trends.ts";

/** A tick with its rows by organization, divided once for all organizations. */
export type Divided = { tick: Tick; rowsOf(key: string, slug: string): readonly Owned[] };

/** Divides the rows of an aspect on first use. */
export function divide(tick: Tick): Divided {
  const made = new Map<string, Map<string, Owned[]>>();
  const byOrganization = (key: string) => {
    const known = made.get(key);
    if (known) return known;
    const divided = new Map<string, Owned[]>();
    for (const row of tick.rows[key] ?? noRows) {
      const there = divided.get(row.organization);
      if (there) there.push(row);
      else divided.set(row.organization, [row]);
    }
    made.set(key, divided);
    return divided;
  };
  return { tick, rowsOf: (key, slug) => byOrganization(key).get(slug) ?? noRows };
}

/** Rows that changed since the previous tick, in their public form. */
export type RowsChanges = {
  observedAt: string | null;
  intervalMs: number;
  /** `before` is null for a new row. */
  changed: { before: unknown; now: unknown }[];
  removed: string[];
};

export type ViewsDeps = {
  aspects: readonly Aspect[];
  organization: OrganizationKey;
  current: Divided | null;
  previous: Divided | null;
  /** Newest first, for all organizations. */
  changes: readonly ObservedChange[];
  trends: Trends;
  /** The same over the last hour. */
  hour: Trends;
  intervalMs: number;
};

/**
 * What one organization may see of a tick, aspect by aspect. Built at most once per tick and organization, only if it
 * is read, and each answer is encoded once.
 */
export function createViews(deps: ViewsDeps) {
  const { aspects, organization, current, previous, trends, hour } = deps;
  const { slug } = organization;
  const observedAt = current?.tick.head.observedAt ?? null;
  const atMs = observedAt === null ? 0 : Date.parse(observedAt);
  const part: Part = {
    organization,
    observedAt,
    intervalMs: current?.tick.head.intervalMs ?? deps.intervalMs,
    atMs,
    rowsOf: (key) => current?.rowsOf(key, slug) ?? noRows,
    extraOf: (key) => current?.tick.extra[key],
    trend: (key) => trends.read(key, atMs),
    hourTrend: (key) => hour.read(key, atMs),
    changes: once(() =>
      deps.changes
        .filter((each) => each.organization === slug)
        .map(({ change, subject }) => ({ change, subject })),
    ),
  };
  const aspectOf = (key: string) => {
    const aspect = aspects.find((each) => each.key === key);
    if (!aspect) throw new Error(`no aspect is observed under ${key}`);
    return aspect;
  };
  const lists = new Map<string, unknown>();
  const list = (key: string): unknown => {
    if (!lists.has(key)) lists.set(key, aspectOf(key).list?.(part.rowsOf(key), part));
    return lists.get(key);
  };
  const encodings = new Map<string, Encodings>();
  const encoded = (key: string): Encodings => {
    const made = encodings.get(key) ?? encodingsOf(() => list(key));
    encodings.set(key, made);
    return made;
  };
  const changesOf = new Map<string, RowsChanges>();

  return {
    part,
    /** Typed rows of one aspect. */
    rows: <Row, Extra>(of: AspectKey<Row, Extra>): readonly Row[] => of.rows(part),
    /**
     * The complete answer of an aspect's list.
     * @throws Error if no aspect is observed under this key
     */
    list,
    /** Its JSON. */
    encoded,
    /** What changed since the previous tick. */
    changes(key: string): RowsChanges {
      const known = changesOf.get(key);
      if (known) return known;
      const { publicRows, observedAt: ageOf } = aspectOf(key);
      const rows = part.rowsOf(key);
      const found = publicRows?.between(previous?.rowsOf(key, slug) ?? noRows, rows);
      const made = {
        observedAt: ageOf ? ageOf(rows, part) : observedAt,
        intervalMs: part.intervalMs,
        changed: found?.changed ?? [],
        removed: found?.removed ?? [],
      };
      changesOf.set(key, made);
      return made;
    },
    /** What the history stores of this moment, by name of the part. */
    frame(): Map<string, Buffer> {
      return new Map(
        aspects.flatMap(({ key, frames = [] }) =>
          frames.map((each) => [each.part, each.text(part.rowsOf(key), { part, encoded: encoded(key) })]),
        ),
      );
    },
    /** Figures of the organization as a whole. */
    figures: (): Figures[] => aspects.flatMap((aspect) => aspect.figuresOfPart?.(part) ?? []),
  };
}
export type Views = ReturnType<typeof createViews>;

/** The JSON of a view, plain and compressed, each built once for all its readers. */
function encodingsOf(view: () => unknown): Encodings {
  const plain = once(() => Buffer.from(JSON.stringify(view())));
  // The fastest level, because views are rebuilt every second.
  const gzip = once(() => gzipSync(plain(), { level: 1 }));
  return { plain, gzip };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
