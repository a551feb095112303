import type { z } from "zod";
import type { Capability } from "../capabilities.ts";
import { isObject } from "./json.ts";

export type LiveRow = { id: string };
/** Age and interval of an observation. `observedAt`: null before the first observation. */
export type Observed = { observedAt: string | null; intervalMs: number };
export type LiveList<Row> = Observed & { items: Row[] };

/** New and changed rows of a paginated list. */
export type Heads<Row> = {
  /** Rows created since the last message. */
  newCount: number;
  /** New and changed rows, newest first, at most 50; any others are only counted. */
  heads: Row[];
  sentAt: string;
};

export type TopicKind = "rows" | "whole" | "heads" | "personal";

/** The part of a topic that the server and the connection need. */
export type TopicBase = { name: string; kind: TopicKind; capability: Capability } & Kept;

/** A topic whose reader gets `Data`. */
export type LiveTopic<Data> = TopicBase & {
  /** Whether a value from the wire has the basic shape of the topic's data. */
  accepts(value: unknown): value is Data;
};

/** What the history keeps about a topic's items; reading it requires the topic's capability. */
export type Kept<History extends string = string, Journal extends string = string> = {
  /** Kinds of items whose figures are kept as series. Stored with each item, so never renamed. */
  history?: readonly History[];
  /** Kind under which the journal keeps their state changes. Stored with each change, so never renamed. */
  journal?: Journal;
};

type Declared<Name extends string, Kind extends TopicKind> = {
  name: Name;
  kind: Kind;
  capability: Capability;
};

type Ordered<Row> = {
  /** Negative when `a` comes before `b` at the moment `atMs`. Two rows never compare as equal. */
  order(a: Row, b: Row, atMs: number): number;
};
type RowsDeclaration<Name extends string, Row extends LiveRow, List extends LiveList<Row>> = Declared<
  Name,
  "rows"
> &
  Ordered<Row> & {
    row: z.ZodType<Row>;
    list: z.ZodType<List>;
  };
/** A list of observed rows: the complete list on subscribing, then the changed fields at each tick. */
export type RowsTopic<
  Row extends LiveRow,
  List extends LiveList<Row>,
  Name extends string = string,
> = RowsDeclaration<Name, Row, List> & RowsReader<Row, List>;

/** The part of a topic that a reader of its rows needs. */
export type RowsReader<Row extends LiveRow, List extends LiveList<Row>> = LiveTopic<List> & Ordered<Row>;

type WholeDeclaration<Name extends string, Whole extends Observed> = Declared<Name, "whole"> & {
  whole: z.ZodType<Whole>;
};
/** One observed object: the complete object on subscribing, then the changed parts at each tick. */
export type WholeTopic<Whole extends Observed, Name extends string = string> = WholeDeclaration<Name, Whole> &
  LiveTopic<Whole>;

type HeadsDeclaration<Name extends string, Row extends LiveRow> = Declared<Name, "heads"> & {
  row: z.ZodType<Row>;
};
/** A paginated list: at most one message a second with its newest rows. */
export type HeadsTopic<Row extends LiveRow, Name extends string = string> = HeadsDeclaration<Name, Row> &
  LiveTopic<Heads<Row>>;

type PersonalDeclaration<Name extends string, Message> = Declared<Name, "personal"> & {
  message: z.ZodType<Message>;
};
/** Messages to one person in one organization. */
export type PersonalTopic<Message, Name extends string = string> = PersonalDeclaration<Name, Message> &
  LiveTopic<Message>;

/** A topic of any kind, for readers that are generic over its data. */
export type AnyTopic =
  | ({ kind: "rows" } & RowsReader<LiveRow, LiveList<LiveRow>>)
  | ({ kind: "whole" } & LiveTopic<Observed>)
  | ({ kind: "heads" } & LiveTopic<Heads<LiveRow>>)
  | ({ kind: "personal" } & LiveTopic<unknown>);

type Declaration = Declared<string, TopicKind>;

/**
 * Declares live data under one name: the capability to read it, the shape of its data and, for rows, their
 * order. The server's plugin and the pages are generic over these declarations.
 */
export function defineTopic<
  const Name extends string,
  Row extends LiveRow,
  List extends LiveList<Row>,
  const History extends string = never,
  const Journal extends string = never,
>(
  declared: RowsDeclaration<Name, Row, List> & Kept<History, Journal>,
): RowsTopic<Row, List, Name> & Kept<History, Journal>;
export function defineTopic<
  const Name extends string,
  Whole extends Observed,
  const History extends string = never,
>(
  declared: WholeDeclaration<Name, Whole> & Kept<History, never>,
): WholeTopic<Whole, Name> & Kept<History, never>;
export function defineTopic<
  const Name extends string,
  Row extends LiveRow,
  const History extends string = never,
>(declared: HeadsDeclaration<Name, Row> & Kept<History, never>): HeadsTopic<Row, Name> & Kept<History, never>;
export function defineTopic<const Name extends string, Message>(
  declared: PersonalDeclaration<Name, Message>,
): PersonalTopic<Message, Name>;
export function defineTopic(declared: Declaration): unknown {
  return { ...declared, accepts: outlines[declared.kind] };
}

/** Collects topics by name. */
export const defineTopics = <const Topics extends { [Name in keyof Topics]: { name: Name } }>(
  topics: Topics,
): Topics => topics;

// The browser bundle has no schemas, so this checks only the basic shape that pages rely on.
const isRow = (value: unknown): boolean => isObject(value) && typeof value.id === "string";
const isObserved = (value: unknown): boolean =>
  isObject(value) &&
  (value.observedAt === null || typeof value.observedAt === "string") &&
  typeof value.intervalMs === "number";
const hasRows = (rows: unknown): boolean => Array.isArray(rows) && rows.every(isRow);

const outlines: Record<TopicKind, (value: unknown) => boolean> = {
  rows: (value) => isObserved(value) && isObject(value) && hasRows(value.items),
  whole: isObserved,
  heads: (value) => isObject(value) && typeof value.newCount === "number" && hasRows(value.heads),
  personal: isObject,
};
