import { sourceRedaction } from "@wheelhouse/shared/webhooks/senders.ts";
import type { DeliveryDetail } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { type EndpointRow, endpointColumns } from "../directory/directory.ts";
import { timeOfDeliveryId } from "../ids.ts";
import type { Payloads } from "./payloads.ts";
import { type DeliveryRow, deliveryColumns, deliveryJoins, knownErrorClass, searchFilter } from "./store.ts";

const maxAttempts = 50;
const maxRuns = 20;
const maxPayloadBytes = 64 * 1024;

export type AttemptRow = {
  generation: number;
  attempt: number;
  attempt_trigger: string;
  url: string;
  started_at: Date;
  finished_at: Date | null;
  latency_ms: number | null;
  outcome: "in_flight" | "success" | "failure" | "unknown";
  status_code: number | null;
  error_class: string | null;
  error_message: string | null;
  request_headers: Record<string, string>;
  response_headers: Record<string, string> | null;
  response_body: string | null;
  response_size_bytes: number | null;
  response_truncated: boolean | null;
};
/** A run that sent the delivery again. */
type RunOfDelivery = {
  replay_id: string;
  generation: number;
  outcome: "sent" | "succeeded" | "failed";
  started_by: string | null;
  starts_at: Date | null;
};
export type PayloadRow = { content_type: string; payload: Buffer; size_bytes: number };

/** The newest attempts, newest first; those that have not ended come from their claims. */
async function attemptsOf(tx: Transaction<Tables>, id: string, createdAt: Date): Promise<AttemptRow[]> {
  const { rows } = await sql<AttemptRow>`
    select generation, attempt, attempt_trigger, url, started_at, finished_at, latency_ms, outcome, status_code,
      error_class, error_message, request_headers, response_headers, response_body, response_size_bytes,
      response_truncated
    from webhook_attempts
    where delivery_id = ${id}::uuid and delivery_created_at = ${createdAt}::timestamptz
    union all
    select generation, attempt, attempt_trigger, url, started_at, null, null, 'in_flight', null, null, null,
      '{}', null, null, null, null
    from webhook_claims where delivery_id = ${id}::uuid
    order by generation desc, attempt desc
    limit ${maxAttempts}
  `.execute(tx);
  return rows;
}

/** The newest runs that sent it again. */
async function runsOf(tx: Transaction<Tables>, id: string): Promise<RunOfDelivery[]> {
  const { rows } = await sql<RunOfDelivery>`
    select i.replay_id, i.generation + 1 as generation, i.state as outcome, r.started_by, r.starts_at
    from webhook_replay_items i join webhook_replays r on r.id = i.replay_id
    where i.delivery_id = ${id}::uuid and i.state in ('sent', 'succeeded', 'failed')
    order by r.created_at desc, r.id desc limit ${maxRuns}
  `.execute(tx);
  return rows;
}

/** How many other deliveries to its endpoint are dead letters for the same cause. */
async function countSameCause(
  tx: Transaction<Tables>,
  delivery: DeliveryRow & { org_id: string },
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select coalesce(sum(count), 0)::int as count from wheelhouse.count_webhook_deliveries(
      ${searchFilter([delivery.org_id], {
        status: ["dead_letter"],
        endpointId: [delivery.endpoint_id],
        ...(delivery.error_class === null
          ? {}
          : { errorClass: [knownErrorClass(delivery.error_class) ?? "protocol"] }),
      })}::jsonb, now() - interval '400 days', now(), null, false)
  `.execute(tx);
  return Math.max(0, (rows[0]?.count ?? 0) - (delivery.status === "dead_letter" ? 1 : 0));
}

/** One delivery with everything its drawer shows. */
export function createDetailStore(
  database: Database,
  payloads: Payloads,
  /** Its place among the deliveries with the same key. */
  readOrder: (tx: Transaction<Tables>, deliveryId: string) => Promise<DeliveryDetail["order"]>,
) {
  /** Null for a payload that is no longer stored or cannot be decrypted. */
  function shownOf(
    row: { content_type: string; payload: Buffer | null } | undefined,
    eventId: string,
  ): PayloadRow | null {
    const body = row && payloads.open(row.payload, eventId);
    if (!row || !body) return null;
    return {
      content_type: row.content_type,
      payload: body.subarray(0, maxPayloadBytes),
      size_bytes: body.length,
    };
  }

  return {
    /** Null when it belongs to none of the organizations. */
    async read(organizationIds: readonly string[], id: string) {
      const createdAt = timeOfDeliveryId(id);
      if (!createdAt) return null;
      return database.asOrganizations(organizationIds, async (tx) => {
        await sql`select set_config('statement_timeout', '5000', true)`.execute(tx);
        const found = await sql<DeliveryRow & { org_id: string }>`
          select ${deliveryColumns}, d.org_id
          from webhook_delivery_log d ${deliveryJoins}
          where d.id = ${id}::uuid and d.created_at = ${createdAt}::timestamptz
            and d.org_id = any(${organizationIds}::uuid[])
        `.execute(tx);
        const delivery = found.rows[0];
        if (!delivery) return null;
        const attempts = await attemptsOf(tx, id, createdAt);
        const stored = await sql<{ content_type: string; payload: Buffer | null; redaction: unknown }>`
          select e.content_type, e.payload, coalesce(s.redaction, '{}') as redaction
          from webhook_events e left join webhook_sources s on s.id = e.source_id
          where e.event_id = ${delivery.event_id} and e.created_at = ${createdAt}::timestamptz
        `.execute(tx);
        const endpoint = await sql<EndpointRow>`
          select ${endpointColumns} from webhook_endpoints where id = ${delivery.endpoint_id}::uuid
        `.execute(tx);
        return {
          delivery,
          order: await readOrder(tx, id),
          runs: await runsOf(tx, id),
          attempts,
          redaction: sourceRedaction.parse(stored.rows[0]?.redaction ?? {}),
          payload: shownOf(stored.rows[0], delivery.event_id),
          endpoint: endpoint.rows[0] ?? null,
          sameCause: await countSameCause(tx, delivery),
        };
      });
    },
  };
}

export type DetailStore = ReturnType<typeof createDetailStore>;
