import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { listHeldKeys, skipDelivery } from "@wheelhouse/shared/webhooks/ordering.ts";
import { sql } from "kysely";
import type { Changes } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { timeOfDeliveryId } from "../ids.ts";
import type { OrderingStore } from "./store.ts";

type Options = {
  store: OrderingStore;
  changes: Changes;
  events: Pick<Events, "emit">;
  /** Called after the commit: the next delivery of a key may go. */
  onSkipped(): void;
};
type Locked = {
  event_type: string;
  status: string;
  endpoint_id: string;
  endpoint_name: string | null;
  is_in_flight: boolean;
};

/** What people see of held keys, and how they let one go on. */
export function createOrderActs({ store, changes, events, onSkipped }: Options) {
  return {
    async heldKeys(
      endpointId: string,
      { organization }: RequestContext,
    ): Promise<EndpointResult<typeof listHeldKeys>> {
      const rows = await store.heldKeys(organization.id, endpointId);
      return {
        items: rows.map((row) => ({
          key: row.key,
          deliveryId: row.delivery_id,
          eventType: row.event_type,
          status: row.status,
          since: row.since?.toISOString() ?? null,
          errorMessage: row.error_message,
          waiting: row.waiting,
        })),
      };
    },

    /** The delivery ends, or stays a dead letter; the next one of its key begins. */
    async skip(
      id: string,
      { reason }: EndpointParsed<typeof skipDelivery>["body"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof skipDelivery>> {
      const { organization } = context;
      const createdAt = timeOfDeliveryId(id);
      if (!createdAt) throw notFound("delivery");
      const skipped = await changes.run(context, "webhooks.delivery.skip", async (tx) => {
        const mine = sql`d.id = ${id}::uuid and d.created_at = ${createdAt}::timestamptz
          and d.org_id = ${organization.id}::uuid`;
        const { rows } = await sql<Locked>`
          select d.event_type, d.status, d.endpoint_id, e.name as endpoint_name,
            exists (select from webhook_claims c where c.delivery_id = d.id) as is_in_flight
          from webhook_delivery_log d left join webhook_endpoints e on e.id = d.endpoint_id
          where ${mine} for no key update of d
        `.execute(tx);
        const [before] = rows;
        if (!before) throw notFound("delivery");
        if (before.is_in_flight)
          throw new AppError("conflict", "An attempt of this delivery is in flight. Wait for its outcome.");
        const order = await store.read(tx, id);
        if (!order || !(await store.skip(tx, id)))
          throw new AppError("conflict", "Nothing waits for this delivery: it is not the first of a key.");
        if (before.status !== "dead_letter")
          await sql`
            update webhook_delivery_log d set status = 'discarded', next_attempt_at = null, version = d.version + 1
            where ${mine}
          `.execute(tx);
        const status = before.status === "dead_letter" ? "dead_letter" : "discarded";
        return {
          result: { status, waiting: order.waiting },
          audit: {
            targets: [
              { type: "webhook-delivery", id, name: `${before.event_type} to ${before.endpoint_name}` },
              { type: "webhook-endpoint", id: before.endpoint_id, name: before.endpoint_name ?? "" },
            ],
            before: { status: before.status },
            after: { status, waiting: order.waiting },
            reason,
          },
        };
      });
      onSkipped();
      events.emit("deliveries.changed", { organizationId: organization.id, ids: [id], created: 0 });
      return skipped.status === "dead_letter"
        ? { status: "dead_letter", waiting: skipped.waiting }
        : { status: "discarded", waiting: skipped.waiting };
    },
  };
}
export type OrderActs = ReturnType<typeof createOrderActs>;
