import type { LaneChange } from "@wheelhouse/shared/runs.ts";
import type { Transaction } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Tables } from "#database/tables.ts";
import type { AuditEntry, AuditFields, Changes } from "#lib/change.ts";
import { demandStepUp } from "#lib/http/admission.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { RunItem, RunKind, RunLane, RunRow } from "./kind.ts";
import { type Happening, waitingOf } from "./pace.ts";
import type { RunStore } from "./store.ts";

type Work = (tx: Parameters<Parameters<Changes["run"]>[2]>[0], run: RunRow) => Promise<AuditEntry>;

/** What a person says to start a plan. `canary`: only for kinds that let people choose it. */
type RunStart = { planId: string; reason: string; ratePerSecond: number | null; canary?: number | undefined };

/** The audit entry of a change of a run. */
export const auditOf = (
  kind: Pick<RunKind<never, never>, "target">,
  run: Pick<RunRow, "id" | "total" | "reason" | "filter" | "plan">,
  before: AuditFields | null,
  after: AuditFields,
): AuditEntry => ({ targets: [kind.target(run)], before, after, reason: run.reason });

const clockTime = (at: Date | null) => (at === null ? "" : ` at ${at.toISOString().slice(11, 19)} UTC`);

/** What a run is now, in words for somebody who came too late. */
function insteadOf(run: RunRow): string {
  const done = `${run.succeeded} of ${run.total} succeeded`;
  if (run.state === "completed") return `this one completed${clockTime(run.ended_at)}, ${done}`;
  if (run.state === "cancelled") return `this one was cancelled${clockTime(run.ended_at)}, ${done}`;
  if (run.state === "paused")
    return `this one is paused${run.cause === null ? "" : ` already: ${run.cause}`}`;
  if (run.state === "planned") return "this one is not started";
  return `this one is ${run.state}`;
}

/** Runs of a kind as people control them; the runner carries them out. */
export function createRunService<Item extends RunItem, Filter>(
  kind: RunKind<Item, Filter>,
  { store, changes, clock }: { store: RunStore; changes: Changes; clock: Clock },
) {
  const { actions, config } = kind;
  const now = () => new Date(clock.now());

  /** Changes a run in the transaction of its audit event, and announces it. */
  async function change(
    id: string,
    action: Parameters<Changes["run"]>[1],
    context: RequestContext,
    work: Work,
  ): Promise<void> {
    const { organization } = context;
    await changes.run(context, action, async (tx) => {
      const run = await store.lock(tx, organization.id, id);
      if (!run) throw notFound(kind.noun);
      return { result: id, audit: await work(tx, run) };
    });
    kind.changed(organization.id, id);
  }

  /** Says what happened instead of what somebody asked for. */
  const isNot = (run: RunRow, needed: string) =>
    new AppError(
      "conflict",
      `Not changed: it takes a ${kind.noun} that is ${needed}, and ${insteadOf(run)}.`,
    );

  async function changeLane(
    tx: Transaction<Tables>,
    run: RunRow,
    lane: RunLane,
    what: LaneChange,
    by: string,
  ): Promise<{ what: Happening; detail: string }> {
    if (what.do === "rate") {
      await store.setLane(tx, run.id, lane.laneId, { rate_limit: what.ratePerSecond });
      const rate = what.ratePerSecond === null ? "limit of the run" : `at most ${what.ratePerSecond} /s`;
      return { what: "rate_set", detail: `${rate}, by ${by}` };
    }
    if (what.do === "pause") {
      if (lane.phase === "held" && !lane.waitsForBreaker)
        throw new AppError("conflict", `Not changed: ${lane.name} is on hold already. ${lane.cause ?? ""}`);
      const cause = `Paused by ${by}`;
      await store.setLane(tx, run.id, lane.laneId, { phase: "held", cause, waits_for_breaker: false });
      return { what: "held", detail: cause };
    }
    if (what.do === "resume") {
      const [resumed] = await store.resumeLanes(tx, run.id, lane.laneId);
      if (resumed === undefined)
        throw new AppError("conflict", `Not changed: ${lane.name} is not on hold, it is going on.`);
      return { what: "resumed", detail: by };
    }
    await store.setLane(tx, run.id, lane.laneId, { is_skipped: true });
    return { what: "skipped", detail: `${waitingOf(lane)} left out by ${by}` };
  }

  return {
    /** Takes a snapshot of the current matches. @returns the id of the plan. */
    plan: (filter: Filter, context: RequestContext): Promise<string> =>
      changes.run(context, actions.plan, async (tx) => {
        const { organization, actor } = context;
        const kept = kind.keptFilter ? kind.keptFilter(filter) : filter;
        const run = {
          id: uuidv7(),
          org_id: organization.id,
          planned_by: actor.display,
          created_at: now(),
          expires_at: new Date(clock.now() + config.planTtlMs),
        };
        await store.insert(tx, { ...run, filter: JSON.stringify(kept) });
        const { total, excluded, plan } = await kind.freeze(
          tx,
          { id: run.id, organizationId: organization.id, createdAt: run.created_at },
          filter,
        );
        await store.keepPlan(tx, run.id, total, JSON.stringify(plan));
        await store.note(tx, run, [
          { at: run.created_at, what: "planned", detail: `${total} in the snapshot, ${excluded} left out` },
        ]);
        const after = { state: "planned", total, excluded, ...kind.filterFields(filter) };
        const planned = { id: run.id, total, reason: null, filter: kept, plan };
        return { result: run.id, audit: auditOf(kind, planned, null, after) };
      }),

    /** @throws AppError `step_up_required` when the snapshot is larger than the threshold. */
    start: ({ planId, reason, ratePerSecond, canary }: RunStart, context: RequestContext) =>
      change(planId, actions.start, context, async (tx, run) => {
        if (run.state !== "planned") throw isNot(run, "planned");
        if (run.expires_at.getTime() <= clock.now())
          throw new AppError(
            "conflict",
            "This plan has expired: its snapshot is too old. Create a new plan.",
          );
        if (run.total === 0) throw new AppError("conflict", `This plan has no ${kind.items}.`);
        if (run.total > config.stepUpAbove) demandStepUp(context);
        await store.move(tx, planId, ["planned"], {
          state: "running",
          reason,
          rate: ratePerSecond,
          ...(canary === undefined ? {} : { canary }),
          started_by: context.actor.display,
          starts_at: new Date(clock.now() + config.holdMs),
        });
        await store.note(tx, run, [{ at: now(), what: "started", detail: context.actor.display }]);
        return auditOf(
          kind,
          { ...run, reason },
          { state: run.state },
          { state: "running", total: run.total, ratePerSecond },
        );
      }),

    pause: (id: string, context: RequestContext) =>
      change(id, actions.pause, context, async (tx, run) => {
        if (run.state !== "running") throw isNot(run, "running");
        const cause = `Paused by ${context.actor.display}`;
        await store.move(tx, id, ["running"], { state: "paused", cause });
        await store.note(tx, run, [{ at: now(), what: "paused", detail: context.actor.display }]);
        return auditOf(kind, run, { state: run.state }, { state: "paused", cause, sent: run.sent });
      }),

    /** Held lanes start again with a canary; where a breaker is open, the first item is its probe. */
    async resume(id: string, context: RequestContext) {
      let started: string[] = [];
      await change(id, actions.resume, context, async (tx, run) => {
        if (run.state !== "paused" && run.state !== "running") throw isNot(run, "paused");
        const taken = await store.resumeLanes(tx, id);
        if (run.state === "running" && taken.length === 0) throw isNot(run, "paused");
        started = taken;
        // A person who resumes during the initial hold has already reviewed the run.
        const starts_at = new Date(Math.min(run.starts_at?.getTime() ?? clock.now(), clock.now()));
        await store.move(tx, id, ["paused", "running"], { state: "running", cause: null, starts_at });
        await store.note(tx, run, [{ at: now(), what: "resumed", detail: context.actor.display }]);
        return auditOf(
          kind,
          run,
          { state: run.state, cause: run.cause },
          { state: "running", sent: run.sent },
        );
      });
      await kind.resumed?.(started);
    },

    /** Pauses, resumes or skips one lane, or gives it a rate of its own. */
    async lane(id: string, laneId: string, what: LaneChange, context: RequestContext) {
      await change(id, actions.lane, context, async (tx, run) => {
        if (run.state !== "running" && run.state !== "paused") throw isNot(run, "running or paused");
        const lanes = await store.lanes(tx, id, await kind.describe(tx, id, run));
        const lane = lanes.find((each) => each.laneId === laneId);
        if (!lane) throw notFound(kind.lane);
        if (lane.phase === "done")
          throw new AppError(
            "conflict",
            `Not changed: ${lane.name} is done, ${lane.succeeded} of ${lane.sent} succeeded.`,
          );
        const note = await changeLane(tx, run, lane, what, context.actor.display);
        await store.note(tx, run, [{ at: now(), laneId, what: note.what, detail: note.detail }]);
        const rate = what.do === "rate" ? { ratePerSecond: what.ratePerSecond } : {};
        return auditOf(kind, run, { phase: lane.phase }, { lane: lane.name, do: what.do, ...rate });
      });
      if (what.do === "resume") await kind.resumed?.([laneId]);
    },

    cancel: (id: string, context: RequestContext) =>
      change(id, actions.cancel, context, async (tx, run) => {
        const ended = { state: "cancelled", cause: null, ended_at: now() } as const;
        if (!(await store.move(tx, id, ["planned", "running", "paused"], ended)))
          throw isNot(run, "planned, running or paused");
        await store.note(tx, run, [{ at: now(), what: "cancelled", detail: context.actor.display }]);
        return auditOf(
          kind,
          run,
          { state: run.state },
          { state: "cancelled", total: run.total, sent: run.sent },
        );
      }),
  };
}
