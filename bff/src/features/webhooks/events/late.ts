import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { endpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import type {
  countMissedEvents,
  LateFilter,
  LatePlan,
  planLateDeliveries,
  startLatePlan,
} from "@wheelhouse/shared/webhooks/events.ts";
import { uuidv7 } from "uuidv7";
import type { AuditEntry, AuditFields, Changes } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { demandStepUp } from "#lib/http/admission.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { ReplayConfig } from "../config.ts";
import type { Doorbell } from "../delivery/delivery.ts";
import type { LateEndpoint, LatePlanRow, LateStore, MadeDelivery } from "./late-store.ts";

/** Jobs created at once; the sweeper creates those of the deliveries after them as they fall due. */
const jobsAtOnce = 2_000;

type LateOptions = {
  store: LateStore;
  changes: Changes;
  doorbell: Pick<Doorbell, "ring">;
  events: Pick<Events, "emit">;
  config: Pick<ReplayConfig, "planTtlMs" | "holdMs" | "stepUpAbove">;
  /** Of an endpoint that sets none. */
  retryScheduleMs: readonly number[];
  clock: Clock;
};

/** The set fields of a filter; ids, of which there may be many, as their number. */
function filterFields({ ids, ...filter }: LateFilter): AuditFields {
  const set = Object.entries({ ...filter, ids: ids?.length }).filter(
    (entry): entry is [string, string | number | true | string[]] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}

const auditOf = (
  { id, total }: { id: string; total: number },
  endpoint: Pick<LateEndpoint, "id" | "name">,
  after: AuditFields,
  reason: string | null = null,
): AuditEntry => ({
  targets: [
    {
      type: "webhook-late-plan",
      id,
      name: `${total} ${total === 1 ? "event" : "events"} to ${endpoint.name}`,
    },
    { type: "webhook-endpoint", id: endpoint.id, name: endpoint.name },
  ],
  before: null,
  after: { endpoint: endpoint.name, ...after },
  reason,
});

const gone = () => new AppError("conflict", "The endpoint of this plan has been deleted.");

type FoundPlan = {
  row: LatePlanRow;
  endpoint: LateEndpoint | null;
  outcomes: readonly { status: string; count: number }[];
};

/** A plan as people read it; one that was never started expires. */
function planOf(
  { row, endpoint, outcomes }: FoundPlan,
  { nowMs, stepUpAbove }: { nowMs: number; stepUpAbove: number },
): LatePlan {
  const count = (status: string) => outcomes.find((each) => each.status === status)?.count ?? 0;
  const isOver = row.state === "planned" && row.expires_at.getTime() <= nowMs;
  return {
    id: row.id,
    state: isOver ? "expired" : row.state,
    endpoint: {
      id: row.endpoint_id,
      name: endpoint?.name ?? "deleted endpoint",
      url: endpoint?.url ?? "",
      enabled: endpoint?.enabled ?? false,
    },
    total: row.total,
    excluded: { delivered: row.plan.delivered, payloadGone: row.plan.payloadGone },
    isCut: row.plan.isCut,
    oldestAt: row.plan.oldestAt,
    newestAt: row.plan.newestAt,
    ratePerSecond: row.rate,
    reason: row.reason,
    plannedBy: row.planned_by,
    expiresAt: row.expires_at.toISOString(),
    startedBy: row.started_by,
    startsAt: row.starts_at?.toISOString() ?? null,
    deliveries: {
      pending: count("pending"),
      processing: count("processing"),
      completed: count("completed"),
      failed: count("failed"),
      dead_letter: count("dead_letter"),
      discarded: count("discarded"),
    },
    asksStepUp: row.total > stepUpAbove,
  };
}

/**
 * Delivers past events to an endpoint. A plan fixes the events; starting it creates their deliveries in the transaction
 * of its audit row, and from then on they are deliveries like any other, with breaker, retries and rooms.
 */
export function createLate({
  store,
  changes,
  doorbell,
  events,
  config,
  retryScheduleMs,
  clock,
}: LateOptions) {
  async function read(id: string, { organization }: RequestContext): Promise<LatePlan> {
    const found = await store.read(organization.id, id);
    if (!found) throw notFound("plan");
    return planOf(found, { nowMs: clock.now(), stepUpAbove: config.stepUpAbove });
  }

  /** Wakes the workers and the lists, after the commit. */
  async function announce(organizationId: string, endpointId: string, made: readonly MadeDelivery[]) {
    events.emit("events.changed", {
      organizationId,
      ids: made.slice(-50).map(({ event_id }) => event_id),
      created: 0,
    });
    events.emit("deliveries.changed", {
      organizationId,
      ids: made.slice(-50).map(({ id }) => id),
      created: made.length,
    });
    await doorbell.ring(
      made.slice(0, jobsAtOnce).map(({ id, due_at }) => ({
        deliveryId: id,
        endpointId,
        generation: 1,
        attempt: 1,
        delayMs: due_at.getTime() - clock.now(),
      })),
    );
  }

  return {
    read,

    async plan(
      { endpointId, filter }: EndpointParsed<typeof planLateDeliveries>["body"],
      context: RequestContext,
    ): Promise<LatePlan> {
      if (filter.from && filter.to && Date.parse(filter.from) >= Date.parse(filter.to))
        throw invalidField("body.filter.from", "must be before body.filter.to");
      const { organization, actor } = context;
      const id = await changes.run(context, "webhooks.event.plan", async (tx) => {
        const endpoint = await store.endpoint(tx, organization.id, endpointId);
        if (!endpoint) throw notFound("endpoint");
        const made = {
          id: uuidv7(),
          org_id: organization.id,
          endpoint_id: endpointId,
          filter: JSON.stringify(filter),
          planned_by: actor.display,
          created_at: new Date(clock.now()),
          expires_at: new Date(clock.now() + config.planTtlMs),
        };
        await tx
          .insertInto("webhook_late_plans")
          .values({ ...made, plan: "{}", total: 0 })
          .execute();
        const frozen = await store.freeze(tx, {
          id: made.id,
          organizationId: organization.id,
          endpointId,
          filter,
        });
        await tx
          .updateTable("webhook_late_plans")
          .set({ total: frozen.total, plan: JSON.stringify(frozen.plan) })
          .where("id", "=", made.id)
          .execute();
        const excluded = frozen.plan.delivered + frozen.plan.payloadGone;
        return {
          result: made.id,
          audit: auditOf({ id: made.id, total: frozen.total }, endpoint, {
            total: frozen.total,
            excluded,
            ...filterFields(filter),
          }),
        };
      });
      return read(id, context);
    },

    /** @throws AppError `step_up_required` when the plan holds more than the threshold. */
    async start(
      id: string,
      { reason, ratePerSecond }: EndpointParsed<typeof startLatePlan>["body"],
      context: RequestContext,
    ): Promise<LatePlan> {
      const { organization, actor } = context;
      const startsAt = new Date(clock.now() + config.holdMs);
      const started = await changes.run(context, "webhooks.event.deliver", async (tx) => {
        const plan = await store.lock(tx, organization.id, id);
        if (!plan) throw notFound("plan");
        if (plan.state !== "planned") throw new AppError("conflict", `This plan is already ${plan.state}.`);
        if (plan.expires_at.getTime() <= clock.now())
          throw new AppError(
            "conflict",
            "This plan has expired: its snapshot is too old. Create a new plan.",
          );
        if (plan.total === 0) throw new AppError("conflict", "This plan has nothing to send.");
        if (plan.total > config.stepUpAbove) demandStepUp(context);
        const endpoint = await store.endpoint(tx, organization.id, plan.endpoint_id);
        if (!endpoint) throw gone();
        if (!endpoint.enabled) throw new AppError("conflict", "The endpoint is disabled. Enable it first.");
        const { retryScheduleMs: own } = endpointSettings.parse(endpoint.settings);
        const maxAttempts = (own ?? retryScheduleMs).length + 1;
        const made = await store.deliver(tx, plan, { startsAt, ratePerSecond, maxAttempts });
        await tx
          .updateTable("webhook_late_plans")
          .set({
            state: "started",
            reason,
            rate: ratePerSecond,
            started_by: actor.display,
            starts_at: startsAt,
          })
          .where("id", "=", id)
          .execute();
        return {
          result: {
            endpointId: endpoint.id,
            made: made.map((row) => ({ id: row.id, event_id: row.event_id, dueMs: row.due_at.getTime() })),
          },
          audit: auditOf(plan, endpoint, { total: made.length, ratePerSecond }, reason),
        };
      });
      const made = started.made.map((row) => ({
        id: row.id,
        event_id: row.event_id,
        due_at: new Date(row.dueMs),
      }));
      await announce(organization.id, started.endpointId, made);
      return read(id, context);
    },

    async cancel(id: string, context: RequestContext): Promise<LatePlan> {
      const { organization } = context;
      const discarded = await changes.run(context, "webhooks.event.cancel", async (tx) => {
        const plan = await store.lock(tx, organization.id, id);
        if (!plan) throw notFound("plan");
        if (plan.state === "cancelled") throw new AppError("conflict", "This plan is already cancelled.");
        const ids = plan.state === "started" ? await store.discard(tx, id) : [];
        await tx.updateTable("webhook_late_plans").set({ state: "cancelled" }).where("id", "=", id).execute();
        const endpoint = await store.endpoint(tx, organization.id, plan.endpoint_id);
        return {
          result: ids,
          audit: auditOf(plan, endpoint ?? { id: plan.endpoint_id, name: "deleted endpoint" }, {
            total: plan.total,
            discarded: ids.length,
          }),
        };
      });
      events.emit("deliveries.changed", {
        organizationId: organization.id,
        ids: discarded.slice(-50),
        created: 0,
      });
      return read(id, context);
    },

    async missed(
      endpointId: string,
      { organization }: RequestContext,
    ): Promise<ReturnType<(typeof countMissedEvents)["response"]["parse"]>> {
      const found = await store.countMissed(organization.id, endpointId);
      if (!found) throw notFound("endpoint");
      return {
        count: found.total,
        isBound: found.is_cut,
        oldestAt: found.oldest?.toISOString() ?? null,
        newestAt: found.newest?.toISOString() ?? null,
      };
    },

    forget: store.forget,
  };
}
export type Late = ReturnType<typeof createLate>;
