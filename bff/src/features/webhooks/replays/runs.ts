import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type {
  listReplays,
  ReplayDetail,
  ReplayFilter,
  ReplayRun,
  startReplay,
} from "@wheelhouse/shared/webhooks/replays.ts";
import { uuidv7 } from "uuidv7";
import type { AuditEntry, AuditFields, Changes } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { demandStepUp } from "#lib/http/admission.ts";
import { decodeCursor } from "#lib/http/cursor.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Breakers } from "../breaker.ts";
import type { ReplayConfig } from "../config.ts";
import { pageOf, place } from "../directory/directory.ts";
import { resumedLane } from "./pace.ts";
import { freeze } from "./plan.ts";
import { type ReplayRow, type ReplaysStore, replayDetailOf, replayOf } from "./store.ts";

type ReplaysOptions = {
  store: ReplaysStore;
  changes: Changes;
  breakers: Pick<Breakers, "view" | "probeNow">;
  config: ReplayConfig;
  /** Announces a changed run, after the commit. */
  events: Pick<Events, "emit">;
  clock: Clock;
};

const count = (total: number) => `${total} ${total === 1 ? "delivery" : "deliveries"}`;

/** Audited fields of a run. */
export const replayAudit = (
  run: Pick<ReplayRow, "id" | "total" | "reason">,
  before: AuditFields | null,
  after: AuditFields,
): AuditEntry => ({
  targets: [{ type: "webhook-replay", id: run.id, name: `Replay of ${count(run.total)}` }],
  before,
  after,
  reason: run.reason,
});

/** The set fields of a filter; ids, of which there may be many, as their number. */
function filterFields({ ids, ...filter }: ReplayFilter): AuditFields {
  const set = Object.entries({ ...filter, ids: ids?.length }).filter(
    (entry): entry is [string, string | number | string[]] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}

/** Replays of many deliveries as people control them; the runner sends. */
export function createReplays({ store, changes, breakers, config, events, clock }: ReplaysOptions) {
  const now = () => new Date(clock.now());

  async function read(id: string, { organization }: RequestContext): Promise<ReplayDetail> {
    const whole = await store.read(organization.id, id);
    if (!whole) throw notFound("replay");
    return replayDetailOf(whole, breakers, config);
  }

  /** Changes a run in the transaction of its audit event, announces it, and returns the new state. */
  async function change(
    id: string,
    action: Parameters<Changes["run"]>[1],
    context: RequestContext,
    work: (tx: Parameters<Parameters<Changes["run"]>[2]>[0], run: ReplayRow) => Promise<AuditEntry>,
  ) {
    const { organization } = context;
    await changes.run(context, action, async (tx) => {
      const run = await store.lock(tx, organization.id, id);
      if (!run) throw notFound("replay");
      return { result: id, audit: await work(tx, run) };
    });
    events.emit("replays.changed", { organizationId: organization.id, ids: [id], created: 0 });
    return read(id, context);
  }

  const isNot = (run: ReplayRow, needed: string) =>
    new AppError("conflict", `This requires a replay that is ${needed}; this one is ${run.state}.`);

  return {
    read,

    async list(
      { cursor, limit }: EndpointParsed<typeof listReplays>["query"],
      { organization }: RequestContext,
    ): Promise<EndpointResult<typeof listReplays>> {
      const rows = await store.list(organization.id, decodeCursor(cursor, place), limit + 1);
      return pageOf(rows, limit, replayOf);
    },

    readHeads: async (organizationId: string, ids: readonly string[]): Promise<ReplayRun[]> =>
      ids.length === 0 ? [] : (await store.byIds(organizationId, ids)).map(replayOf),

    /** Takes a snapshot of the current matches. */
    async plan(filter: ReplayFilter, context: RequestContext): Promise<ReplayDetail> {
      if (filter.from && filter.to && Date.parse(filter.from) >= Date.parse(filter.to))
        throw invalidField("body.from", "must be before body.to");
      const { organization, actor } = context;
      const id = await changes.run(context, "webhooks.replay.plan", async (tx) => {
        const run = {
          id: uuidv7(),
          org_id: organization.id,
          planned_by: actor.display,
          created_at: now(),
          expires_at: new Date(clock.now() + config.planTtlMs),
        };
        const { total, plan, endpoints } = await freeze(tx, {
          replayId: run.id,
          organizationId: organization.id,
          filter,
        });
        const kept = { filter: JSON.stringify(filter), plan: JSON.stringify(plan) };
        await tx
          .insertInto("webhook_replays")
          .values({ ...run, ...kept, total })
          .execute();
        if (endpoints.length > 0)
          await tx
            .insertInto("webhook_replay_endpoints")
            .values(
              endpoints.map((endpoint) => ({
                replay_id: run.id,
                org_id: organization.id,
                endpoint_id: endpoint.endpointId,
                total: endpoint.count,
                event_types: endpoint.eventTypes,
                paced_at: run.created_at,
                window_at: run.created_at,
              })),
            )
            .execute();
        const excluded = plan.excluded.reduce((sum, each) => sum + each.count, 0);
        await store.note(tx, run, [
          { at: run.created_at, what: "planned", detail: `${total} in the snapshot, ${excluded} left out` },
        ]);
        const after = { state: "planned", total, excluded, ...filterFields(filter) };
        return { result: run.id, audit: replayAudit({ id: run.id, total, reason: null }, null, after) };
      });
      return read(id, context);
    },

    /** @throws AppError `step_up_required` when the snapshot is larger than the threshold. */
    start: (
      { planId, reason, ratePerSecond }: EndpointParsed<typeof startReplay>["body"],
      context: RequestContext,
    ) =>
      change(planId, "webhooks.replay.start", context, async (tx, run) => {
        if (run.state !== "planned") throw isNot(run, "planned");
        if (run.expires_at.getTime() <= clock.now())
          throw new AppError(
            "conflict",
            "This plan has expired: its snapshot is too old. Create a new plan.",
          );
        if (run.total === 0) throw new AppError("conflict", "This plan has nothing to send.");
        if (run.total > config.stepUpAbove) demandStepUp(context);
        await store.move(tx, planId, ["planned"], {
          state: "running",
          reason,
          rate: ratePerSecond,
          started_by: context.actor.display,
          starts_at: new Date(clock.now() + config.holdMs),
        });
        await store.note(tx, run, [{ at: now(), what: "started", detail: context.actor.display }]);
        return replayAudit(
          { ...run, reason },
          { state: run.state },
          { state: "running", total: run.total, ratePerSecond },
        );
      }),

    pause: (id: string, context: RequestContext) =>
      change(id, "webhooks.replay.pause", context, async (tx, run) => {
        if (run.state !== "running") throw isNot(run, "running");
        const cause = `Paused by ${context.actor.display}`;
        await store.move(tx, id, ["running"], { state: "paused", cause });
        await store.note(tx, run, [{ at: now(), what: "paused", detail: context.actor.display }]);
        return replayAudit(run, { state: run.state }, { state: "paused", cause, sent: run.sent });
      }),

    /** Held endpoints start again with a canary; where the breaker is open, its first delivery is the probe. */
    async resume(id: string, context: RequestContext) {
      let started: { endpoint_id: string }[] = [];
      const resumed = await change(id, "webhooks.replay.resume", context, async (tx, run) => {
        if (run.state !== "paused" && run.state !== "running") throw isNot(run, "paused");
        const taken = await tx
          .updateTable("webhook_replay_endpoints")
          .set(resumedLane)
          .where("replay_id", "=", id)
          .where("phase", "=", "held")
          .returning("endpoint_id")
          .execute();
        if (run.state === "running" && taken.length === 0) throw isNot(run, "paused");
        started = taken;
        // A person who resumes during the initial hold has already reviewed the run.
        const starts_at = new Date(Math.min(run.starts_at?.getTime() ?? clock.now(), clock.now()));
        await store.move(tx, id, ["paused", "running"], { state: "running", cause: null, starts_at });
        await store.note(tx, run, [{ at: now(), what: "resumed", detail: context.actor.display }]);
        return replayAudit(run, { state: run.state, cause: run.cause }, { state: "running", sent: run.sent });
      });
      await Promise.all(started.map(({ endpoint_id }) => breakers.probeNow(endpoint_id)));
      return resumed;
    },

    cancel: (id: string, context: RequestContext) =>
      change(id, "webhooks.replay.cancel", context, async (tx, run) => {
        if (!(await store.move(tx, id, ["planned", "running", "paused"], { ...ended, ended_at: now() })))
          throw isNot(run, "planned, running or paused");
        await store.note(tx, run, [{ at: now(), what: "cancelled", detail: context.actor.display }]);
        return replayAudit(
          run,
          { state: run.state },
          { state: "cancelled", total: run.total, sent: run.sent },
        );
      }),
  };
}
const ended = { state: "cancelled", cause: null } as const;
export type Replays = ReturnType<typeof createReplays>;
