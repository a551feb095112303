import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { cancelDelivery, discardDeliveries } from "@wheelhouse/shared/webhooks/dead-letters.ts";
import { type ReplayFilter, replayItemsMax } from "@wheelhouse/shared/webhooks/replays.ts";
import type { Delivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AuditFields, Changes } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import { timeOfDeliveryId } from "../ids.ts";
import { conditionsOfSet, type DeliveryRow, deliveryOf } from "./store.ts";

const timeoutMs = 12_000;

type ActsOptions = {
  changes: Changes;
  /** Wakes a worker for an attempt that was due later. */
  doorbell: {
    hurry(attempt: {
      deliveryId: string;
      endpointId: string;
      generation: number;
      attempt: number;
    }): Promise<void>;
  };
  events: Pick<Events, "emit">;
  clock: Clock;
};

/** What a delivery does instead of what was asked for. */
const insteadOf: Record<Delivery["status"], string> = {
  pending: "is waiting for its first attempt",
  processing: "is being sent right now",
  failed: "is waiting for its next attempt",
  completed: "has been delivered",
  dead_letter: "is a dead letter already",
  discarded: "has been discarded already",
};

/** The set fields of a filter; ids, of which there may be many, as their number. */
function filterFields({ ids, ...filter }: ReplayFilter): AuditFields {
  const set = Object.entries({ ...filter, ids: ids?.length }).filter(
    (entry): entry is [string, string | number | string[]] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}

/** The delivery, locked until the transaction ends. @throws 404 when the organization has no such delivery. */
async function lock(tx: Transaction<Tables>, id: string, organizationId: string): Promise<Delivery> {
  const createdAt = timeOfDeliveryId(id);
  if (!createdAt) throw notFound("delivery");
  await sql`select from webhook_delivery_log d where d.id = ${id}::uuid and d.created_at = ${createdAt}::timestamptz
    and d.org_id = ${organizationId}::uuid for no key update`.execute(tx);
  return show(tx, id, createdAt);
}

async function show(tx: Transaction<Tables>, id: string, createdAt: Date): Promise<Delivery> {
  const { rows } = await sql<DeliveryRow>`
    select * from wheelhouse.show_webhook_deliveries(array[${id}::uuid], array[${createdAt}::timestamptz])`.execute(
    tx,
  );
  if (!rows[0]) throw notFound("delivery");
  return deliveryOf(rows[0]);
}

const targetsOf = (delivery: Delivery) => [
  { type: "webhook-delivery", id: delivery.id, name: `${delivery.eventType} to ${delivery.endpointName}` },
  { type: "webhook-endpoint", id: delivery.endpointId, name: delivery.endpointName },
];

/** Acts on deliveries besides replays; each decides under the row's lock, in the transaction of its audit event. */
export function createDeliveryActs({ changes, doorbell, events, clock }: ActsOptions) {
  const changed = (organizationId: string, ids: readonly string[]) =>
    events.emit("deliveries.changed", { organizationId, ids, created: 0 });

  return {
    /**
     * A new generation begins with it, so a run that was planned before skips what was discarded.
     * @throws 409 if more match than a person has confirmed.
     */
    async discard(
      { filter, reason, expected }: EndpointParsed<typeof discardDeliveries>["body"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof discardDeliveries>> {
      const { organization } = context;
      if (filter.status && filter.status.length > 0 && !filter.status.includes("dead_letter"))
        throw new AppError("conflict", "Only dead letters can be discarded; the filter leaves them out.");
      let ids: readonly string[] = [];
      const { discarded } = await changes.run(context, "webhooks.deliveries.discard", async (tx) => {
        await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx);
        const { rows } = await sql<{ count: number; ids: string[] | null }>`
          with done as (
            update webhook_delivery_log d
            set status = 'discarded', generation = d.generation + 1, version = d.version + 1
            where d.org_id = ${organization.id}::uuid and d.status = 'dead_letter' and ${conditionsOfSet(filter)}
            returning d.id
          )
          select count(*)::int as count, (array_agg(id))[1:50] as ids from done
        `.execute(tx);
        const count = rows[0]?.count ?? 0;
        if (count === 0) throw new AppError("conflict", "No dead letter matches any more.");
        if (count > expected)
          throw new AppError(
            "conflict",
            `${count} dead letters match by now, not ${expected}. Review and confirm again.`,
          );
        if (count > replayItemsMax)
          throw new AppError(
            "conflict",
            `At most ${replayItemsMax} can be discarded at once. Narrow the filter.`,
          );
        ids = rows[0]?.ids ?? [];
        return {
          result: { discarded: count },
          audit: {
            targets: [{ type: "webhook-deliveries", id: organization.id, name: `${count} dead letters` }],
            before: { status: "dead_letter" },
            after: { ...filterFields(filter), status: "discarded", count },
            reason,
          },
        };
      });
      changed(organization.id, ids);
      return { discarded };
    },

    async cancel(
      id: string,
      { reason }: EndpointParsed<typeof cancelDelivery>["body"],
      context: RequestContext,
    ): Promise<Delivery> {
      const { organization } = context;
      const cancelled = await changes.run(context, "webhooks.delivery.cancel", async (tx) => {
        const before = await lock(tx, id, organization.id);
        const createdAt = timeOfDeliveryId(id);
        const { rows } = await sql<{ id: string }>`
          update webhook_delivery_log d set status = 'discarded', next_attempt_at = null, version = d.version + 1
          where d.id = ${id}::uuid and d.created_at = ${createdAt}::timestamptz and d.status in ('pending', 'failed')
          returning d.id
        `.execute(tx);
        if (rows.length === 0)
          throw new AppError("conflict", `Nothing to cancel: this delivery ${insteadOf[before.status]}.`);
        return {
          result: await lock(tx, id, organization.id),
          audit: {
            targets: targetsOf(before),
            before: { status: before.status },
            after: { status: "discarded" },
            reason,
          },
        };
      });
      changed(organization.id, [id]);
      return cancelled;
    },

    async retry(id: string, context: RequestContext): Promise<Delivery> {
      const { organization } = context;
      const retried = await changes.run(context, "webhooks.delivery.retry", async (tx) => {
        const before = await lock(tx, id, organization.id);
        if (before.status !== "pending" && before.status !== "failed")
          throw new AppError("conflict", `Not retried: this delivery ${insteadOf[before.status]}.`);
        if (before.nextAttemptAt === null)
          throw new AppError(
            "conflict",
            "Not retried: this delivery waits for the one before it with the same key.",
          );
        const createdAt = timeOfDeliveryId(id);
        await sql`
          update webhook_delivery_log d set next_attempt_at = ${new Date(clock.now())}::timestamptz
          where d.id = ${id}::uuid and d.created_at = ${createdAt}::timestamptz
        `.execute(tx);
        const after = await lock(tx, id, organization.id);
        return {
          result: after,
          audit: {
            targets: targetsOf(before),
            before: { nextAttemptAt: before.nextAttemptAt },
            after: { nextAttemptAt: after.nextAttemptAt },
          },
        };
      });
      const { endpointId, generation, attempts } = retried;
      await doorbell.hurry({ deliveryId: id, endpointId, generation, attempt: attempts + 1 });
      changed(organization.id, [id]);
      return retried;
    },
  };
}

export type DeliveryActs = ReturnType<typeof createDeliveryActs>;
