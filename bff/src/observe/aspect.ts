import type { HealthState } from "@wheelhouse/shared/health/health.ts";
import type { Turn } from "@wheelhouse/shared/live/flaps.ts";
import type { HistoryKind, JournalKind } from "@wheelhouse/shared/live/history-kinds.ts";
import type { Topic } from "@wheelhouse/shared/live.ts";
import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import { z } from "zod";

/** Values of one figure, `intervalMs` apart; null where there is no data. */
export type Series = { intervalMs: number; values: (number | null)[] };
export type OrganizationKey = { id: string; slug: string };
/** An entry of the recent changes. */
export type Change = Overview["recentChanges"][number];
/**
 * A change of state seen in a tick. `organization` is a slug, `subject` the name of what changed, `subjectId` its id where
 * names are not unique. `turn` says whether it got worse, so that flaps can be folded; absent for overrides.
 */
export type ObservedChange = {
  organization: string;
  change: Change & { kind: JournalKind };
  subject: string;
  subjectId?: string;
  turn?: Turn;
};
/** An observed row, with the slug of the organization that owns it. */
export type Owned = { id: string; organization: string };
/** A row as its organization reads it. */
export type Public<Row extends Owned> = Omit<Row, "organization">;

/** The rows of all aspects in one tick, or one organization's part of them. */
export type Observations = {
  /** Empty if the aspect was not observed. */
  rowsOf(key: string): readonly Owned[];
  extraOf(key: string): unknown;
};

/** Names an aspect, and gives its rows their type wherever other code reads them. */
export type AspectKey<Row, Extra = null> = {
  key: string;
  rows(of: Observations): readonly Row[];
  /** Null before the aspect was observed. */
  extra(of: Observations): Extra | null;
  /** What a board receives from the previous observer. */
  adoptedExtra(extra: unknown): Extra | null;
};

/** @param key as it appears in ticks; for an aspect with a topic, the topic's name. */
export function aspectKey<Row extends Owned, Extra = null>(key: string): AspectKey<Row, Extra> {
  // Only a process with the same format version writes ticks; checking every row would cost more than creating it.
  const rows = z.custom<readonly Row[]>(Array.isArray);
  const extra = z.custom<Extra>();
  const adoptedExtra = (found: unknown) => (found == null ? null : extra.parse(found));
  return {
    key,
    rows: (of) => rows.parse(of.rowsOf(key)),
    extra: (of) => adoptedExtra(of.extraOf(key)),
    adoptedExtra,
  };
}

/** What a tick has observed so far: the rows of the aspects earlier in the list. */
export type Seen = Observations & {
  nowMs: number;
  intervalMs: number;
  /** False for a replica that observes only to serve and push by itself. */
  leads: boolean;
  organizations: readonly OrganizationKey[];
};

/**
 * Observes the rows of one aspect in each tick. Unchanged rows keep their identity, so that nothing is encoded twice.
 */
export type Board<Row extends Owned> = {
  /** Starts what is due and resolves when it has an answer; a tick waits for all aspects, within its interval. */
  poke?(known: readonly OrganizationKey[]): Promise<unknown>;
  /** Takes over the previous observer's state, so that `since` and counts survive a change of leader. */
  adopt(rows: readonly Row[], extra?: unknown): void;
  /**
   * Returns without waiting.
   * @returns the newest rows and the changes of state since the last call.
   */
  observe(seen: Seen): { rows: readonly Row[]; changes: readonly ObservedChange[]; extra?: unknown };
  /** Called when another process takes over observing: stops what is running. */
  rest(): void;
};

/**
 * What one organization may see of a tick. `extraOf` covers all organizations, so an aspect never shows it as it is.
 */
export type Part = Observations & {
  organization: OrganizationKey;
  /** When the tick was observed; null before the first one. */
  observedAt: string | null;
  intervalMs: number;
  /** `observedAt` in ms; 0 before the first tick. */
  atMs: number;
  /** A figure over the last 10 minutes. */
  trend(key: string): Series;
  /** A figure over the last hour. */
  hourTrend(key: string): Series;
  /** Changes of state, newest first. */
  changes(): readonly ObservedChange[];
};

/** The JSON of an answer, plain and compressed, each built once for all its readers. */
export type Encodings = { plain(): Buffer; gzip(): Buffer };

/** How a check is counted: its state, or why that says nothing now. */
export type CheckState = HealthState | "stale" | "maintenance" | "pending";

/** An aspect's finding about one node of the dependency graph. */
export type Finding = {
  /** Unique across all aspects, such as `lock:orders`; also the id of its problem. */
  node: string;
  state: HealthState;
  /** Null if it is not counted among the checks. */
  check: CheckState | null;
  /** The node that causes this one as its aspect knows it, so that this is no problem of its own; else null. */
  explainedBy: string | null;
  problem: FoundProblem | null;
};
export type FoundProblem = Omit<Problem, "id" | "affects" | "effects" | "isCheck" | "changedBefore"> & {
  area: Topic;
  /** What it affects; null when only its dependents are affected. */
  affects: string | null;
  /** Whether its dependents are counted and added to `affects`. */
  countsDependants: boolean;
};

/**
 * `from` cannot work without `to`; both name nodes of findings. With `calledFor`, it does not depend on `to` but on
 * whatever `to` depends on: a breaker guards the calls of its service.
 */
export type Edge = { from: string; to: string; calledFor?: true };

/** Figures for the Overview tiles, and whatever else an aspect contributes to Overview. */
export type Tile = Partial<Overview["tiles"] & Pick<Overview, "red" | "sources">>;

/** Keeps a figure for the small charts; null means unknown. `key` is one figure across all aspects. */
export type NoteTrends = {
  /** Over the last 10 minutes. */
  recent(key: string, value: number | null): void;
  /** Over the last hour, the maximum of each minute. */
  hour(key: string, value: number | null): void;
};

/** Figures of one thing at one moment, in the order of `metrics`; null means unknown. */
export type Figures = {
  organizationId: string;
  kind: HistoryKind;
  entity: string;
  metrics: readonly string[];
  values: (number | null)[];
};
export type FiguresSeen = Observations & {
  atMs: number;
  /** The id of an organization by its slug; undefined if there is no such organization. */
  organizationIdOf(slug: string): string | undefined;
};

/** Limits a scrape for an aspect that may have very many rows. */
export const mostGaugeRows = 5_000;

/** A Prometheus metric with a value for each row. */
export type RowGauge<Row> = {
  /** Without the product's prefix. */
  name: string;
  help: string;
  labels: readonly string[];
  tell(row: Row, set: (labels: Record<string, string>, value: number) => void): void;
  /** The most rows that a scrape includes; undefined means all. */
  most?: number;
};

/** A part of a history frame. */
export type FramePart<Row> = {
  /** Names the part in stored frames, so it must never be renamed. */
  part: string;
  /** The part's JSON; the same object while nothing in it changes. `encoded` is the aspect's own list. */
  text(rows: readonly Row[], of: { part: Part; encoded: Encodings }): Buffer;
};

/** States of one thing, or of one part of it, oldest first; the first is the one that was found. */
export type Moves = {
  entity: string;
  name: string;
  /** Null for the thing as a whole. */
  part: string | null;
  states: readonly { at: string; state: string; failureRatio: number | null }[];
};

/**
 * Declares what is observed, with all that pages, history, Overview and metrics need to know about its rows. Aspects
 * are observed in the order of their list. An aspect without `list` has no topic of its own.
 */
export type Aspect<Row extends Owned = Owned> = {
  /** As in its `AspectKey`. */
  key: string;
  /** Undefined for an aspect that only sums up others. */
  board?: Board<Row> | undefined;
  /** The whole answer of its list. */
  list?(rows: readonly Row[], part: Part): unknown;
  findings?(rows: readonly Row[], part: Part): Finding[];
  edges?: {
    /** A single entity, such as `queue`. */
    noun: string;
    /** An organization has one at most, so it is named without a count. */
    isOnlyOne?: true;
    of(rows: readonly Row[], part: Part): Edge[];
  };
  tile?(rows: readonly Row[], part: Part): Tile;
  /** Recent changes beyond changes of state. */
  recentChanges?(rows: readonly Row[]): readonly Change[];
  trends?(rows: readonly Row[], seen: Observations, note: NoteTrends): void;
  /** What the history stores as series, in each tick. */
  figures?(rows: readonly Row[], seen: FiguresSeen): Figures[];
  /** The same for an organization as a whole, every 10 s. */
  figuresOfPart?(part: Part): Figures[];
  /** Names of figures for which the history stores the maximum of a step instead of the mean. */
  peaks?: readonly string[];
  frames?: readonly FramePart<Row>[];
  /** States of a row and its parts, of which the history keeps every one. */
  moves?: {
    kind: JournalKind;
    /** All that `now` knows; called only for a row that is not `before`. */
    of(now: Row): readonly Moves[];
  };
  /** The journal's name for its rows. If two aspects share a kind, the later one in the list takes precedence. */
  journal?: { kind: JournalKind; name(row: Row): string; word(row: Row): string };
  gauges?: readonly RowGauge<Row>[];
};
