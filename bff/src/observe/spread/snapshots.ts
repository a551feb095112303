import { gzipSync } from "node:zlib";
import { z } from "zod";
import type { Clock } from "#lib/time/clock.ts";
import type {
  Aspect,
  AspectKey,
  Encodings,
  Figures,
  NoteTrends,
  ObservedChange,
  OrganizationKey,
  Owned,
  Part,
  Public,
} from "#observe/aspect.ts";
import { noRows, observationsOf, type Tick, tickSchema } from "#observe/tick/tick.ts";
import { createTrends, type Trends } from "./trends.ts";

const mostChanges = 1_000;
/** How long to ignore a leader that unknowingly lost its lease, counted from its successor's last tick. */
const oldTermMs = 10_000;

const kept = z.object({
  tick: tickSchema,
  trends: z.unknown(),
  hour: z.unknown().optional(),
  changes: z.custom<ObservedChange[]>(Array.isArray),
});

/**
 * The only place to read observations from: the newest tick, recent trends and recent changes, divided by
 * organization and encoded at most once per tick for all readers.
 */
export function createSnapshotStore({
  aspects,
  clock,
  intervalMs,
}: {
  aspects: readonly Aspect[];
  clock: Clock;
  intervalMs: number;
}) {
  const trends = createTrends();
  const hour = createTrends({ stepMs: 60_000, keeps: "largest" });
  const listeners = new Set<(tick: Tick) => void>();
  let current: Divided | null = null;
  let changes: ObservedChange[] = [];
  let seq = 0;
  let heardAtMs: number | null = null;
  let views = new Map<string, Views>();

  const remember = (tick: Tick) => {
    const atMs = Date.parse(tick.head.observedAt);
    const note: NoteTrends = {
      recent: (key, value) => trends.add(key, atMs, value),
      hour: (key, value) => hour.add(key, atMs, value),
    };
    const seen = observationsOf(tick);
    for (const aspect of aspects) aspect.trends?.(tick.rows[aspect.key] ?? noRows, seen, note);
    trends.prune(atMs);
    hour.prune(atMs);
  };

  return {
    /** False if the tick comes from a replaced leader. */
    ingest(tick: Tick): boolean {
      const nowMs = clock.now();
      const { term, changes: newest } = tick.head;
      const succeeded =
        current !== null &&
        term < current.tick.head.term &&
        heardAtMs !== null &&
        nowMs - heardAtMs < oldTermMs;
      if (succeeded && term > 0) return false;
      current = divide(tick);
      seq += 1;
      heardAtMs = nowMs;
      changes = [...newest.toReversed(), ...changes].slice(0, mostChanges);
      views = new Map();
      remember(tick);
      for (const listener of listeners) listener(tick);
      return true;
    },
    tick: (): Tick | null => current?.tick ?? null,
    /** Increases by one with each tick that this process serves. */
    seq: () => seq,
    /** When the last tick arrived, by this process's clock; null before the first. */
    heardAtMs: () => heardAtMs,
    onTick(listener: (tick: Tick) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** The part of the newest tick that one organization may see. */
    viewsOf(organization: OrganizationKey): Views {
      const made =
        views.get(organization.id) ??
        createViews({ aspects, organization, current, changes, trends, hour, intervalMs });
      views.set(organization.id, made);
      return made;
    },
    keep: () => ({ tick: current?.tick ?? null, trends: trends.keep(), hour: hour.keep(), changes }),
    /** Restores a previous process's data, served with its original time. */
    restore(text: unknown) {
      const parsed = kept.safeParse(text);
      if (!parsed.success) return;
      const { tick } = parsed.data;
      trends.restore(parsed.data.trends);
      hour.restore(parsed.data.hour);
      changes = [...changes, ...parsed.data.changes].slice(0, mostChanges);
      current ??= divide({ ...tick, head: { ...tick.head, term: 0, changes: [] } });
      views = new Map();
    },
  };
}
export type SnapshotStore = ReturnType<typeof createSnapshotStore>;

/** A tick with its rows divided by organization, once for all organizations. */
type Divided = { tick: Tick; rowsOf(key: string, slug: string): readonly Owned[] };

/** Divides an aspect's rows on first read. */
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

type ViewsDeps = {
  aspects: readonly Aspect[];
  organization: OrganizationKey;
  current: Divided | null;
  /** Changes of all organizations, newest first. */
  changes: readonly ObservedChange[];
  trends: Trends;
  /** Trends over the last hour. */
  hour: Trends;
  intervalMs: number;
};

/**
 * The part of a tick that one organization may see, by aspect. Created only on demand and at most once per
 * tick and organization; each answer is built and encoded once.
 */
export function createViews(deps: ViewsDeps) {
  const { aspects, organization, current, trends, hour } = deps;
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
    changes: once(() => deps.changes.filter((each) => each.organization === slug)),
  };
  const aspectOf = (key: string) => {
    const aspect = aspects.find((each) => each.key === key);
    if (!aspect) throw new Error(`nothing is observed under ${key}`);
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

  return {
    part,
    /** Typed rows of one aspect. */
    rows: <Row, Extra>(of: AspectKey<Row, Extra>): readonly Row[] => of.rows(part),
    /** The complete answer for an aspect's list. @throws Error when nothing is observed under this key */
    list,
    /** The same answer as JSON. */
    encoded,
    /** The history's record of this moment, by part name. */
    frame(): Map<string, Buffer> {
      return new Map(
        aspects.flatMap(({ key, frames = [] }) =>
          frames.map((each) => [each.part, each.text(part.rowsOf(key), { part, encoded: encoded(key) })]),
        ),
      );
    },
    /** Figures for the organization as a whole. */
    figures: (): Figures[] => aspects.flatMap((aspect) => aspect.figuresOfPart?.(part) ?? []),
  };
}
type Views = ReturnType<typeof createViews>;

/** JSON of a view, plain and compressed, each created once for all readers. */
function encodingsOf(view: () => unknown): Encodings {
  const plain = once(() => Buffer.from(JSON.stringify(view())));
  // The fastest level, because this runs every second.
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

/** Rows in their public form. Each is built once, so an unchanged row stays the same object in the next tick. */
export function createPublicRows<Row extends Owned>() {
  const known = new WeakMap<Row, Public<Row>>();
  return {
    of(owned: Row): Public<Row> {
      const made = known.get(owned);
      if (made) return made;
      const { organization: _, ...row } = owned;
      known.set(owned, row);
      return row;
    },
  };
}
