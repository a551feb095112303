import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { RunState } from "@wheelhouse/shared/runs.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AuditFields } from "#lib/change.ts";
import type { Gate, Lane, PaceLimits } from "./pace.ts";

/** What all runs have in common, as their rows hold it; a kind's table may have further columns. */
export type RunRow = {
  id: string;
  org_id: string;
  /** As the kind stored them. */
  filter: unknown;
  plan: unknown;
  state: RunState;
  /** Why it is paused, in words. */
  cause: string | null;
  reason: string | null;
  /** Most items per second and lane; null: as fast as possible. */
  rate: number | null;
  total: number;
  sent: number;
  succeeded: number;
  failed: number;
  skipped: number;
  /** The canary that a person chose; absent where the kind alone decides. */
  canary?: number | null;
  planned_by: string;
  started_by: string | null;
  created_at: Date;
  expires_at: Date;
  /** Nothing starts before this time; null while it is a plan. */
  starts_at: Date | null;
  ended_at: Date | null;
};

/**
 * Where a kind keeps its runs. `runs` has the columns of `RunRow`, `filter` and `plan`; `lanes` those of `Lane`;
 * `journal` has `at`, `what`, `detail`.
 */
export type RunTables = {
  runs: string;
  lanes: string;
  journal: string;
  /** Columns with the ids of run and lane in `lanes` and `journal`. */
  runId: string;
  laneId: string;
};

export type RunConfig = {
  /** A start above this number of items asks for a step-up. */
  stepUpAbove: number;
  planTtlMs: number;
  /** Time between start and first item, in which a run can be cancelled without effect. */
  holdMs: number;
  /** Items of each lane that go first; their outcomes decide whether the rest follows. */
  canary: number;
  /** Items per second after the canary. */
  startRate: number;
  /** This many failures without a success between them hold a lane. */
  failuresToHold: number;
  /** Items started, and outcomes read, per step; and the time between two steps. */
  batch: number;
  stepMs: number;
} & Pick<PaceLimits, "isSteady" | "failedShareToHold" | "openSeconds"> & {
    /** The rate and the canary are those of the whole run and are shared by its lanes, instead of each lane's own. */
    isShared?: boolean;
  };

/** What a plan froze. Items and lanes are written; `plan` is kept with the run as it is. */
export type Frozen = { total: number; excluded: number; plan: unknown };

/** Outcomes since the last step. `undone`: begun items that turned out to have changed, and count as skipped. */
export type Outcomes = Map<string, { ok: number; bad: number; undone: number }>;

/** How many items of a lane begin now. */
export type Wanted = { laneId: string; count: number };

/** Items that began in a step, and the number per lane that had changed and were skipped. */
export type Begun<Item extends RunItem> = { items: readonly Item[]; skipped: ReadonlyMap<string, number> };

/** What an effect needs to know of an item, besides its lane. */
export type RunItem = { laneId: string };

/** `isOff`: nothing more can be done in this lane, so the rest of it is skipped. */
export type LaneFacts = { name: string; isOff: boolean };

/** A lane of a run: items that share a pace, such as those of one endpoint. */
export type RunLane = Lane &
  LaneFacts & {
    laneId: string;
    /** A person left out what still waits. */
    isSkipped: boolean;
    /** A limit of its own, items per second; null for that of the run. */
    rateLimit: number | null;
  };

/**
 * An act on many items: what the machine has to know about it. The machine plans, holds, paces, pauses, resumes,
 * cancels, keeps the journal and the audit events, and carries on after a crash.
 *
 * An item begins in the transaction that counts it and its effect follows the commit, so each begun item must be
 * found again after a crash: either something else sees to it (a sweeper), or `ask` reports it.
 */
export type RunKind<Item extends RunItem, Filter = unknown> = {
  /** What a run is called in messages, such as `replay`. */
  noun: string;
  /** What a lane is called in messages, such as `endpoint`. */
  lane: string;
  /** What the items are called in the journal, plural. */
  items: string;
  tables: RunTables;
  config: RunConfig;
  actions: Record<
    "plan" | "start" | "pause" | "resume" | "cancel" | "lane" | "complete" | "expire",
    AuditAction
  >;
  /** The run as a target of the audit trail. */
  target(run: Pick<RunRow, "id" | "total" | "filter" | "plan">): { type: string; id: string; name: string };
  /** What the journal writes when a lane has come to its end. */
  laneDone: string;

  /** What is stored as the filter; the filter itself when absent. */
  keptFilter?(filter: Filter): unknown;
  /** The audited fields of a filter; long lists as their number. */
  filterFields(filter: Filter): AuditFields;
  /** Takes the snapshot: writes items and lanes of the new run. In the transaction of the plan's audit event. */
  freeze(
    tx: Transaction<Tables>,
    run: { id: string; organizationId: string; createdAt: Date },
    filter: Filter,
  ): Promise<Frozen>;

  /**
   * Asks the outside what has become of begun items, before each step and outside its transaction. Left out when
   * Postgres knows.
   */
  ask?(run: RunRow): Promise<void>;
  /**
   * Records outcomes of up to `limit` begun items after `after`.
   * @returns `next`: where to continue, null after the last.
   */
  settle(
    tx: Transaction<Tables>,
    runId: string,
    after: string | null,
    limit: number,
  ): Promise<{ outcomes: Outcomes; next: string | null }>;
  /** Names of the lanes, and whether they are off. */
  describe(tx: Transaction<Tables>, runId: string, run: RunRow): Promise<ReadonlyMap<string, LaneFacts>>;
  /** Whether the lane may send; `closed` when nothing guards it. */
  gate(laneId: string, runId: string): Gate;
  /** Begins the oldest waiting items; those that changed since the snapshot are skipped. */
  begin(tx: Transaction<Tables>, runId: string, wanted: readonly Wanted[], now: Date): Promise<Begun<Item>>;
  /** Skips waiting items of a lane that is off, or that a person left out. @returns how many, at most `limit`. */
  skip(
    tx: Transaction<Tables>,
    runId: string,
    lane: { laneId: string; isSkipped: boolean },
    limit: number,
  ): Promise<number>;
  /** After the commit: carries out what began. The next step runs meanwhile, but not the one after it. */
  effect(run: RunRow, begun: readonly Item[]): Promise<void>;
  /** After the commit of a resume: held lanes start again. */
  resumed?(laneIds: readonly string[]): Promise<void>;
  /** After the commit of any change of the run. */
  changed(organizationId: string, runId: string): void;
};
