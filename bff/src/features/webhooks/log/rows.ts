import { type Delivery, errorClass } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { type RawBuilder, sql } from "kysely";

/** A delivery row joined with the names of its source and endpoint. */
export type DeliveryRow = {
  id: string;
  event_id: string;
  event_type: string;
  source_id: string;
  source_name: string | null;
  endpoint_id: string;
  endpoint_name: string | null;
  endpoint_url: string | null;
  status: "pending" | "completed" | "failed" | "dead_letter" | "discarded";
  attempts: number;
  max_attempts: number;
  generation: number;
  version: number;
  received_at: Date;
  last_attempt_at: Date | null;
  next_attempt_at: Date | null;
  completed_at: Date | null;
  last_status_code: number | null;
  error_class: string | null;
  error_message: string | null;
  created_at: Date;
  claimed_at: Date | null;
};

/** Columns and joins for a relation `d` of delivery rows; joined after the limit, so at most 200 lookups. */
export const deliveryColumns: RawBuilder<unknown> = sql`
  d.id, d.event_id, d.event_type, d.source_id, s.name as source_name, d.endpoint_id, e.name as endpoint_name,
  e.url as endpoint_url, d.status, d.attempts, d.max_attempts, d.generation, d.version, d.received_at,
  d.last_attempt_at, d.next_attempt_at, d.completed_at, d.last_status_code, d.error_class, d.error_message,
  d.created_at, c.started_at as claimed_at`;
export const deliveryJoins: RawBuilder<unknown> = sql`
  left join webhook_sources s on s.id = d.source_id
  left join webhook_endpoints e on e.id = d.endpoint_id
  left join webhook_claims c on c.delivery_id = d.id`;

const iso = (date: Date | null) => (date === null ? null : date.toISOString());

/** An error class of a newer version is shown as `protocol`, never rejected. */
export const knownErrorClass = (text: string | null) =>
  text === null ? null : errorClass.catch("protocol").parse(text);

export function deliveryOf(row: DeliveryRow): Delivery {
  const processing = row.claimed_at !== null;
  return {
    id: row.id,
    eventId: row.event_id,
    eventType: row.event_type,
    sourceId: row.source_id,
    sourceName: row.source_name ?? "deleted source",
    endpointId: row.endpoint_id,
    endpointName: row.endpoint_name ?? "deleted endpoint",
    endpointUrl: row.endpoint_url ?? "",
    status: processing ? "processing" : row.status,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    generation: row.generation,
    receivedAt: row.received_at.toISOString(),
    lastAttemptAt: iso(row.claimed_at ?? row.last_attempt_at),
    nextAttemptAt: processing ? null : iso(row.next_attempt_at),
    completedAt: iso(row.completed_at),
    lastStatusCode: row.last_status_code,
    errorClass: knownErrorClass(row.error_class),
    errorMessage: row.error_message,
  };
}
