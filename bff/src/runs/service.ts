import { uuidv7 } from "uuidv7";
import type { AuditEntry, AuditFields, Changes } from "#lib/change.ts";
import { demandStepUp } from "#lib/http/admission.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { RunItem, RunKind, RunRow } from "./kind.ts";
import type { RunStore } from "./store.ts";

type Work = (tx: Parameters<Parameters<Changes["run"]>[2]>[0], run: RunRow) => Promise<AuditEntry>;

/** The audit entry of a change of a run. */
export const auditOf = (
  kind: Pick<RunKind<never, never>, "target">,
  run: Pick<RunRow, "id" | "total" | "reason">,
  before: AuditFields | null,
  after: AuditFields,
): AuditEntry => ({ targets: [kind.target(run)], before, after, reason: run.reason });

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

  const isNot = (run: RunRow, needed: string) =>
    new AppError("conflict", `This requires a ${kind.noun} that is ${needed}; this one is ${run.state}.`);

  return {
    /** Takes a snapshot of the current matches. @returns the id of the plan. */
    plan: (filter: Filter, context: RequestContext): Promise<string> =>
      changes.run(context, actions.plan, async (tx) => {
        const { organization, actor } = context;
        const run = {
          id: uuidv7(),
          org_id: organization.id,
          planned_by: actor.display,
          created_at: now(),
          expires_at: new Date(clock.now() + config.planTtlMs),
        };
        await store.insert(tx, { ...run, filter: JSON.stringify(filter) });
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
        return { result: run.id, audit: auditOf(kind, { id: run.id, total, reason: null }, null, after) };
      }),

    /** @throws AppError `step_up_required` when the snapshot is larger than the threshold. */
    start: (
      { planId, reason, ratePerSecond }: { planId: string; reason: string; ratePerSecond: number | null },
      context: RequestContext,
    ) =>
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
          started_by: context.actor.display,
          starts_at: new Date(clock.now() + config.holdMs),
        });
        await store.note(tx, run, [{ at: now(), what: "started", detail: context.actor.display }]);
        return auditOf(
          kind,
          { id: run.id, total: run.total, reason },
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
