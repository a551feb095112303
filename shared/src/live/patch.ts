import { isObject, isSame, type JsonObject, ownOf } from "./json.ts";
import type { LiveRow } from "./topic.ts";

type Key = string | number;

/** One field of many rows. Exactly one of `by`, `ms`, `to` and `gone` is set; values follow the order of `at`. */
type Column = {
  /** Keys from the row to the field; a number is an array index. */
  path: Key[];
  /**
   * Positions of the rows among all rows sorted by id: the first, then the distance to each next one.
   * Absent for all rows.
   */
  at?: number[];
  /** Amounts to add to whole numbers. */
  by?: number[];
  /** Points in time, in ms relative to the message's `observedAt`. */
  ms?: number[];
  to?: unknown[];
  /** The field no longer exists. */
  gone?: true;
};

/** The difference from one list of rows to the next. */
export type RowsPatch = {
  /** Number of rows before, to detect a different base list. */
  of: number;
  columns?: Column[];
  /** Positions of removed rows, among all rows sorted by id. */
  removed?: number[];
  added?: unknown[];
};

/** A message that is malformed, or does not fit the data it changes. */
export class MalformedMessage extends Error {
  override name = "MalformedMessage";
}

const isoForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Arrays of plain values are patched value by value if at most this share of them differs. */
const mostDiffering = 0.25;

const byId = <Row extends LiveRow>(rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));

/**
 * The changed fields between two lists of rows, by column. Rows are addressed by position among all sorted
 * ids, and whole numbers and times are sent as differences, because both are short and compress well.
 * @returns null when two rows have the same id, so that only the complete list can be sent
 */
export function patchRows<Row extends LiveRow>(
  before: readonly Row[],
  now: readonly Row[],
  observedAt: string,
): RowsPatch | null {
  const next = new Map(now.map((row) => [row.id, row]));
  const known = new Set(before.map(({ id }) => id));
  if (next.size !== now.length || known.size !== before.length) return null;
  const columns = createColumns(Date.parse(observedAt));
  const removed: number[] = [];
  byId(before).forEach((was, place) => {
    const is = next.get(was.id);
    if (is === undefined) removed.push(place);
    else if (is !== was) compare(was, is, [], (path, edit) => columns.add(place, path, edit));
  });
  const added = now.filter(({ id }) => !known.has(id));
  const changed = columns.take(before.length);
  return {
    of: before.length,
    ...(changed.length === 0 ? {} : { columns: changed }),
    ...(removed.length === 0 ? {} : { removed }),
    ...(added.length === 0 ? {} : { added }),
  };
}

/** The changed parts between two states of one object. */
export const patchWhole = (before: unknown, now: unknown, observedAt: string): RowsPatch | null =>
  patchRows([{ id: "", whole: before }], [{ id: "", whole: now }], observedAt);

type Edit = { was: unknown; is: unknown };
type Note = (path: Key[], edit: Edit) => void;

function compare(was: unknown, is: unknown, path: Key[], note: Note): void {
  if (was === is) return;
  if (isObject(was) && isObject(is)) {
    for (const key of Object.keys(is)) {
      const before = ownOf(was, key);
      // Allocates nothing for equal fields, which are the majority.
      if (before !== is[key]) compare(before, is[key], [...path, key], note);
    }
    for (const key of Object.keys(was))
      if (!Object.hasOwn(is, key)) compare(was[key], undefined, [...path, key], note);
  } else if (Array.isArray(was) && Array.isArray(is) && isPatchable(was, is)) {
    was.forEach((each, index) => {
      if (each !== is[index]) compare(each, is[index], [...path, index], note);
    });
  } else if (!isSame(was, is)) note(path, { was, is });
}

function isPatchable(was: readonly unknown[], is: readonly unknown[]): boolean {
  if (was.length !== is.length) return false;
  if (was.every(isObject) && is.every(isObject)) return true;
  const differing = was.filter((each, index) => !isSame(each, is[index])).length;
  return differing <= was.length * mostDiffering;
}

type Kind = "by" | "ms" | "to" | "gone";

function createColumns(atMs: number) {
  const columns = new Map<string, { path: Key[]; kind: Kind; places: number[]; values: unknown[] }>();
  return {
    add(place: number, path: Key[], edit: Edit) {
      const [kind, value] = encodeEdit(edit, atMs);
      const key = `${kind}${JSON.stringify(path)}`;
      const column = columns.get(key) ?? { path, kind, places: [], values: [] };
      column.places.push(place);
      column.values.push(value);
      columns.set(key, column);
    },
    take: (rowCount: number): Column[] =>
      [...columns.values()].map(({ path, kind, places, values }) => ({
        path,
        ...(places.length === rowCount ? {} : { at: places.map((place, n) => place - (places[n - 1] ?? 0)) }),
        [kind]: kind === "gone" ? true : values,
      })),
  };
}

function encodeEdit({ was, is }: Edit, atMs: number): readonly [Kind, unknown] {
  if (is === undefined) return ["gone", null];
  if (isWhole(was) && isWhole(is) && isWhole(is - was)) return ["by", is - was];
  if (typeof is === "string" && isoForm.test(is) && Number.isFinite(atMs)) {
    const ms = Date.parse(is);
    if (new Date(ms).toISOString() === is) return ["ms", ms - atMs];
  }
  return ["to", is];
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

/**
 * Applies a patch from the wire. Unchanged rows and parts keep their identity, and rows keep their order,
 * with new rows last.
 * @throws MalformedMessage when it is not a patch or does not fit these rows
 */
export function applyRows(rows: readonly LiveRow[], patch: unknown, observedAt: string): readonly unknown[] {
  if (!isObject(patch) || patch.of !== rows.length) throw new MalformedMessage("not a patch of these rows");
  const { columns = [], removed = [], added = [] } = patch;
  if (!Array.isArray(columns) || !Array.isArray(removed) || !Array.isArray(added))
    throw new MalformedMessage("not a patch");
  if (columns.length === 0 && removed.length === 0 && added.length === 0) return rows;
  const sorted = byId(rows);
  const edited: unknown[] = [...sorted];
  const isOwn = new Set<unknown>();
  for (const column of columns) applyColumn(edited, column, Date.parse(observedAt), isOwn);
  const next = new Map<LiveRow, unknown>(sorted.map((row, place) => [row, edited[place]]));
  for (const place of removed) {
    const row = isWhole(place) ? sorted[place] : undefined;
    if (row === undefined || !next.delete(row)) throw new MalformedMessage("a removed row does not exist");
  }
  return [...rows.flatMap((row) => (next.has(row) ? [next.get(row)] : [])), ...added];
}

/**
 * Applies a patch of one object; unchanged parts keep their identity.
 * @throws MalformedMessage as `applyRows` does
 */
export function applyWhole(whole: unknown, patch: unknown, observedAt: string): unknown {
  const row = { id: "", whole };
  const [next] = applyRows([row], patch, observedAt);
  return isObject(next) ? next.whole : undefined;
}

function applyColumn(rows: unknown[], column: unknown, atMs: number, isOwn: Set<unknown>): void {
  if (!isObject(column)) throw new MalformedMessage("not a column");
  const { path, at, gone } = column;
  const kind = (["by", "ms", "to"] as const).find((each) => column[each] !== undefined);
  const values = kind === undefined ? undefined : column[kind];
  if (
    !Array.isArray(path) ||
    path.length === 0 ||
    !path.every(isKey) ||
    !(Array.isArray(values) || gone === true)
  )
    throw new MalformedMessage("not a column");
  const places = placesOf(at, rows.length);
  if (Array.isArray(values) && values.length !== places.length)
    throw new MalformedMessage("a column lacks a value for some rows");
  places.forEach((place, index) => {
    if (!Number.isSafeInteger(place) || place < 0 || place >= rows.length)
      throw new MalformedMessage("a changed row does not exist");
    const value: unknown = Array.isArray(values) ? values[index] : undefined;
    rows[place] = edit(rows[place], path, (was) => decode(kind, was, value, atMs), isOwn);
  });
}

const isKey = (key: unknown): key is Key => typeof key === "string" || isWhole(key);

function placesOf(at: unknown, rowCount: number): number[] {
  if (at === undefined) return Array.from({ length: rowCount }, (_, place) => place);
  if (!Array.isArray(at)) throw new MalformedMessage("not a column");
  let place = 0;
  return at.map((distance) => {
    place += isWhole(distance) ? distance : Number.NaN;
    return place;
  });
}

/** @returns undefined when the field was removed. */
function decode(kind: "by" | "ms" | "to" | undefined, was: unknown, value: unknown, atMs: number): unknown {
  if (kind === undefined) return undefined;
  if (kind === "to") return value;
  if (!isWhole(value)) throw new MalformedMessage("a difference is not a whole number");
  if (kind === "ms") {
    const ms = atMs + value;
    if (Math.abs(ms) <= 8.64e15) return new Date(ms).toISOString();
  } else if (isWhole(was)) return was + value;
  throw new MalformedMessage("a difference does not fit its field");
}

/**
 * Copies a container with the field at a path changed, starting at position `depth` of the path; changes a
 * container already copied for this message in place.
 */
function edit(
  container: unknown,
  path: readonly Key[],
  change: (was: unknown) => unknown,
  isOwn: Set<unknown>,
  depth = 0,
): unknown {
  const key = path[depth];
  if (key === undefined) return change(container);
  if (Array.isArray(container) && typeof key === "number") {
    if (key < 0 || key >= container.length) throw new MalformedMessage("a changed value does not exist");
    const copy: unknown[] = isOwn.has(container) ? container : [...container];
    isOwn.add(copy);
    copy[key] = edit(copy[key], path, change, isOwn, depth + 1);
    return copy;
  }
  if (!isObject(container) || typeof key === "number")
    throw new MalformedMessage("a changed field does not exist");
  const copy: JsonObject = isOwn.has(container) ? container : { ...container };
  isOwn.add(copy);
  const value = edit(ownOf(copy, key), path, change, isOwn, depth + 1);
  if (value === undefined) delete copy[key];
  else if (key !== "__proto__") copy[key] = value;
  // An assignment would change the prototype.
  else Object.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
  return copy;
}
