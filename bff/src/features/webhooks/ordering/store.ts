import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { AttemptRef } from "../delivery/delivery.ts";

const mostWaiting = 1_000;
const mostKeys = 100;
const forgottenAtOnce = 1_000;

/** Where a delivery stands among those of its key. `blockedBy`: the one that it waits for. */
export type DeliveryOrder = { key: string; blockedBy: string | null; waiting: number };
export type HeldKeyRow = {
  key: string;
  delivery_id: string;
  event_type: string;
  status: "failed" | "dead_letter";
  since: Date | null;
  error_message: string | null;
  waiting: number;
};

/** Which deliveries wait for which, by endpoint and key. */
export function createOrderingStore(database: Database) {
  return {
    /** Attempts that may be made now, of the keys that were to be looked at. */
    async release(nowMs: number, maxKeys: number): Promise<AttemptRef[]> {
      const { rows } = await sql<{ delivery_id: string; endpoint_id: string; generation: number }>`
        select * from release_webhook_keys(${new Date(nowMs)}::timestamptz, ${maxKeys}::int)
      `.execute(database.system);
      return rows.map(({ delivery_id, endpoint_id, generation }) => ({
        deliveryId: delivery_id,
        endpointId: endpoint_id,
        generation,
        attempt: 1,
      }));
    },

    /** Null for a delivery that is in no order. Those that wait are counted up to 1,000. */
    async read(tx: Transaction<Tables>, deliveryId: string): Promise<DeliveryOrder | null> {
      const { rows } = await sql<{ key: string; blocked_by: string | null; waiting: number }>`
        select o.key, case when first.delivery_id <> o.delivery_id then first.delivery_id end as blocked_by,
          (select count(*)::int from (
            select from webhook_ordered w
            where w.endpoint_id = o.endpoint_id and w.key = o.key and w.seq > o.seq limit ${mostWaiting}) c) as waiting
        from webhook_ordered o
        cross join lateral (
          select f.delivery_id from webhook_ordered f
          where f.endpoint_id = o.endpoint_id and f.key = o.key order by f.seq limit 1) first
        where o.delivery_id = ${deliveryId}::uuid
      `.execute(tx);
      const row = rows[0];
      return row ? { key: row.key, blockedBy: row.blocked_by, waiting: row.waiting } : null;
    },

    /** Keys whose first delivery fails or is a dead letter, longest first, at most 100. */
    heldKeys: (organizationId: string, endpointId: string): Promise<HeldKeyRow[]> =>
      database.asOrganizations(
        [organizationId],
        async (tx) => {
          const { rows } = await sql<HeldKeyRow>`
            select o.key, o.delivery_id, d.event_type, d.status, d.last_attempt_at as since, d.error_message,
              (select count(*)::int from (
                select from webhook_ordered w
                where w.endpoint_id = o.endpoint_id and w.key = o.key and w.seq > o.seq limit ${mostWaiting}) c)
                as waiting
            from webhook_ordered o
            join webhook_delivery_log d on d.id = o.delivery_id and d.created_at = o.delivery_created_at
            where o.org_id = ${organizationId}::uuid and o.endpoint_id = ${endpointId}::uuid and o.state = 'head'
              and d.status in ('failed', 'dead_letter')
            order by o.seq limit ${mostKeys}
          `.execute(tx);
          return rows;
        },
        { statementTimeoutMs: 5_000 },
      ),

    /** Takes the first delivery of a key out of its order. @returns false if it is not the first. */
    async skip(tx: Transaction<Tables>, deliveryId: string): Promise<boolean> {
      const { rows } = await sql<{ endpoint_id: string; key: string }>`
        delete from webhook_ordered o where o.delivery_id = ${deliveryId}::uuid and o.state = 'head'
        returning o.endpoint_id, o.key
      `.execute(tx);
      const [skipped] = rows;
      if (!skipped) return false;
      await sql`
        update webhook_ordered o set state = 'new' where o.seq = (
          select min(w.seq) from webhook_ordered w
          where w.endpoint_id = ${skipped.endpoint_id}::uuid and w.key = ${skipped.key} and w.state = 'waiting')
      `.execute(tx);
      return true;
    },

    /** After an endpoint has ceased to ask for order, all of its keys are looked at. */
    async lookAgain(tx: Transaction<Tables>, endpointId: string): Promise<void> {
      await sql`
        update webhook_ordered set state = 'new' where endpoint_id = ${endpointId}::uuid and state = 'waiting'
      `.execute(tx);
    },

    /** Deliveries that retention has removed hold no key. */
    async forget(): Promise<void> {
      await sql`
        update webhook_ordered set state = 'ended' where seq = any(array(
          select o.seq from webhook_ordered o
          where o.state <> 'ended' and o.delivery_created_at < now() - interval '2 days' and not exists (
            select from webhook_delivery_log d where d.id = o.delivery_id and d.created_at = o.delivery_created_at)
          order by o.seq limit ${forgottenAtOnce}))
      `.execute(database.system);
    },
  };
}
export type OrderingStore = ReturnType<typeof createOrderingStore>;
