import type { HealthState } from "@wheelhouse/shared/health/health.ts";
import type { HistoryKind, JournalEntry } from "@wheelhouse/shared/history.ts";
import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import { z } from "zod";

/** Values of one figure, `intervalMs` apart; null where nothing was heard. */
export type Series = { intervalMs: number; values: (number | null)[] };
export type OrganizationKey = { id: string; slug: string };
/** A line of the recent changes. */
export type Change = Overview["recentChanges"][number];
/** A change of state that a tick saw. `organization` is a slug, `subject` the name of what changed. */
export type ObservedChange = { organization: string; change: Change; subject: string };
/** A row of what is observed, with the slug of the organization that owns it. */
export type Owned = { id: string; organization: string };
/** A row as its organization reads it. */
export type Public<Row extends Owned> = Omit<Row, "organization">;

/** The rows of all aspects in one tick, or of one organization's part of it. */
export type Observations = {
  /** Empty where the aspect was not observed. */
  rowsOf(key: string): readonly Owned[];
  extraOf(key: string): unknown;
};

/** Names an aspect, and gives its rows their type wherever other code reads them. */
export type AspectKey<Row, Extra = null> = {
  key: string;
  rows(of: Observations): readonly Row[];
  /** Null before the aspect was observed. */
  extra(of: Observations): Extra | null;
  /** What a board is handed by the observer before it. */
  adoptedExtra(extra: unknown): Extra | null;
};

/** @param key as it stands in ticks; for an aspect with a topic, the name of the topic. */
export function aspectKey<Row extends Owned, Extra = null>(key: string): AspectKey<Row, Extra> {
  // Written by a process of the same version of the format; checking every row would cost more than making it.
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

/** What a tick has observed so far: the rows of the aspects that come before in the list. */
export type Seen = Observations & {
  nowMs: number;
  intervalMs: number;
  /** Not for a replica that looks for itself, to serve and push only. */
  leads: boolean;
  organizations: readonly OrganizationKey[];
};

/**
 * Observes the rows of one aspect, in each tick. Rows that did not change keep their identity, so that nothing is
 * encoded twice.
 */
export type Board<Row extends Owned> = {
  /** Starts what is due. Resolves when it was answered; a tick waits for all aspects, within its interval. */
  poke?(known: readonly OrganizationKey[]): Promise<unknown>;
  /** Takes over what the last observer knew, so that `since` and counts survive a change of leader. */
  adopt(rows: readonly Row[], extra?: unknown): void;
  /** Waits for nothing. @returns the newest rows and the changes of state since the last call. */
  observe(seen: Seen): { rows: readonly Row[]; changes: readonly ObservedChange[]; extra?: unknown };
  /** Another process observes now: stops what is running. */
  rest(): void;
};

/** What one organization may see of a tick. `extraOf` is of all organizations: an aspect never shows it as it is. */
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
  changes(): readonly { change: Change; subject: string }[];
};

/** JSON of an answer, plain and compressed, each made once for all its readers. */
export type Encodings = { plain(): Buffer; gzip(): Buffer };

/** How a check is counted: its state, or why that says nothing now. */
export type CheckState = HealthState | "stale" | "maintenance" | "pending";

/** What an aspect found out about one node of the graph of dependencies. */
export type Finding = {
  /** Unique over all aspects, such as `lock:orders`; also the id of its problem. */
  node: string;
  state: HealthState;
  /** Null when it is not counted among the checks. */
  check: CheckState | null;
  /** A problem of something else of the same aspect is its cause, so that it is no problem of its own. */
  isExplained: boolean;
  problem: FoundProblem | null;
};
export type FoundProblem = Omit<Problem, "id" | "affects" | "changedBefore"> & {
  /** What suffers from it; null when only what depends on it does. */
  affects: string | null;
  /** Whether what depends on it is counted and added to `affects`. */
  countsDependants: boolean;
};

/** `from` cannot do its work without `to`; both name nodes of findings. */
export type Edge = { from: string; to: string };

/** Figures on the tiles of Overview, and what else of it an aspect knows. */
export type Tile = Partial<Overview["tiles"] & Pick<Overview, "red" | "sources">>;

/** Keeps a figure for the small charts; null is not known. `key` is one figure over all aspects. */
export type NoteTrends = {
  /** Over the last 10 minutes. */
  recent(key: string, value: number | null): void;
  /** Over the last hour, the largest value of each minute. */
  hour(key: string, value: number | null): void;
};

/** Figures of one thing at one moment, in the order of `metrics`; null is not known. */
export type Figures = {
  organizationId: string;
  kind: HistoryKind;
  entity: string;
  metrics: readonly string[];
  values: (number | null)[];
};
export type FiguresSeen = Observations & {
  atMs: number;
  /** Id of an organization by its slug; undefined when it is not known. */
  organizationIdOf(slug: string): string | undefined;
};

/** No scrape grows beyond this for one aspect that may have very many rows. */
export const mostGaugeRows = 5_000;

/** A metric for Prometheus with a value for each row. */
export type RowGauge<Row> = {
  /** Without the prefix of the product. */
  name: string;
  help: string;
  labels: readonly string[];
  tell(row: Row, set: (labels: Record<string, string>, value: number) => void): void;
  /** The most rows that a scrape includes; undefined: all. */
  most?: number;
};

/** A part of what the history keeps at a moment. */
export type FramePart<Row> = {
  /** Names the part in stored frames: never renamed. */
  part: string;
  /** JSON of it; the same object while nothing of it changed. `encoded` is the aspect's own list. */
  text(rows: readonly Row[], of: { part: Part; encoded: Encodings }): Buffer;
};

/**
 * One declaration of what is observed: all that pages, history, Overview and metrics need to know of its rows. Aspects
 * are observed in the order of their list. An aspect without `list` has no topic of its own.
 */
export type Aspect<Row extends Owned = Owned> = {
  /** As in its `AspectKey`. */
  key: string;
  /** Undefined: nothing is observed, the aspect sums up others. */
  board?: Board<Row> | undefined;
  /** The whole answer of its list. */
  list?(rows: readonly Row[], part: Part): unknown;
  findings?(rows: readonly Row[], part: Part): Finding[];
  edges?: {
    /** One thing that depends, such as `queue`. */
    noun: string;
    of(rows: readonly Row[], part: Part): Edge[];
  };
  tile?(rows: readonly Row[], part: Part): Tile;
  /** What it adds to the recent changes beside changes of state. */
  recentChanges?(rows: readonly Row[]): readonly Change[];
  trends?(rows: readonly Row[], seen: Observations, note: NoteTrends): void;
  /** What the history keeps as series, of each tick. */
  figures?(rows: readonly Row[], seen: FiguresSeen): Figures[];
  /** The same of an organization as a whole, each 10 s. */
  figuresOfPart?(part: Part): Figures[];
  /** Names of figures of which the history keeps the largest value of a step, not the mean. */
  peaks?: readonly string[];
  frames?: readonly FramePart<Row>[];
  /** How the journal names its rows. Of two aspects with the same kind, the later one in the list comes first. */
  journal?: { kind: JournalEntry["kind"]; name(row: Row): string; word(row: Row): string };
  gauges?: readonly RowGauge<Row>[];
};
