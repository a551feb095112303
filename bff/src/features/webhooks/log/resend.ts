import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { resendDeliveries } from "@wheelhouse/shared/webhooks/resend.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import { timeOfDeliveryId } from "../ids.ts";

type ResendOptions = {
  changes: Changes;
  /** Wakes workers. */
  doorbell: {
    ring(
      attempts: readonly {
        deliveryId: string;
        endpointId: string;
        generation: number;
        attempt: number;
        delayMs: number;
      }[],
    ): Promise<unknown>;
  };
  events: Pick<Events, "emit">;
  /** Of an endpoint that sets none. */
  retryScheduleMs: readonly number[];
  clock: Clock;
};

type Judged = {
  id: string;
  created_at: Date;
  generation: number;
  event_type: string;
  endpoint_name: string;
  status: string;
  refusal: "status" | "changed" | "in_flight" | "disabled" | "payload" | null;
};
type Asked = EndpointParsed<typeof resendDeliveries>["body"]["deliveries"][number];
type Restarted = { id: string; endpoint_id: string; generation: number };

const refusals: Record<NonNullable<Judged["refusal"]>, (row: Judged) => string> = {
  status: ({ status }) => `only completed deliveries are sent again, and this one is ${status}`,
  changed: () => "somebody sent it again in the meantime",
  in_flight: () => "an attempt is in flight",
  disabled: () => "its endpoint is disabled or deleted",
  payload: () => "its payload has been removed",
};

/** The deliveries with what is against each. Without locks, because a claim leaves out what is locked. */
async function judge(
  tx: Transaction<Tables>,
  organizationId: string,
  asked: readonly Asked[],
): Promise<Judged[]> {
  const wanted = asked.flatMap(({ id, generation }) => {
    const createdAt = timeOfDeliveryId(id);
    return createdAt === null ? [] : [{ id, created_at: createdAt, generation }];
  });
  const { rows } = await sql<Judged>`
    with asked as materialized (
      select d.id, d.created_at, d.event_id, d.event_type, d.endpoint_id, d.status,
        d.generation, d.generation <> w.generation as changed
      from json_to_recordset(${JSON.stringify(wanted)}::json) as w(id uuid, created_at timestamptz, generation int)
      join webhook_delivery_log d on d.id = w.id and d.created_at = w.created_at
        and d.org_id = ${organizationId}::uuid
    )
    select l.id, l.created_at, l.generation, l.event_type, coalesce(p.name, 'deleted endpoint') as endpoint_name, l.status,
      case when exists (select from webhook_claims c where c.delivery_id = l.id) then 'in_flight'
        when l.status <> 'completed' then 'status'
        when l.changed then 'changed'
        when p.id is null or not p.enabled or p.deleted_at is not null then 'disabled'
        when e.payload is null then 'payload' end as refusal
    from asked l
    left join webhook_endpoints p on p.id = l.endpoint_id
    left join webhook_events e on e.event_id = l.event_id and e.created_at = l.created_at
  `.execute(tx);
  return rows;
}

/** Sends what a receiver has confirmed once more, each call with its reason and its audit row. */
export function createResend({ changes, doorbell, events, retryScheduleMs, clock }: ResendOptions) {
  async function restart(tx: Transaction<Tables>, rows: readonly Judged[]): Promise<Restarted[]> {
    const now = new Date(clock.now());
    const chosen = JSON.stringify(
      rows.map(({ id, created_at, generation }) => ({ id, created_at, generation })),
    );
    const { rows: restarted } = await sql<Restarted>`
      update webhook_delivery_log d set status = 'pending', generation = d.generation + 1,
        generation_started_at = ${now}::timestamptz, version = d.version + 1, attempts = 0, completed_at = null,
        max_attempts = case when jsonb_typeof(p.settings -> 'retryScheduleMs') = 'array'
          then jsonb_array_length(p.settings -> 'retryScheduleMs') else ${retryScheduleMs.length}::int end + 1,
        next_attempt_at = ${now}::timestamptz, next_trigger = 'replay',
        job_id = d.id || '_' || d.generation + 1 || '_1'
      from json_to_recordset(${chosen}::json) as w(id uuid, created_at timestamptz, generation int),
        webhook_endpoints p
      where d.id = w.id and d.created_at = w.created_at and p.id = d.endpoint_id
        and d.status = 'completed' and d.generation = w.generation
        and not exists (select from webhook_claims c where c.delivery_id = d.id)
      returning d.id, d.endpoint_id, d.generation
    `.execute(tx);
    return restarted;
  }

  return async (
    { deliveries, reason }: EndpointParsed<typeof resendDeliveries>["body"],
    context: RequestContext,
  ): Promise<EndpointResult<typeof resendDeliveries>> => {
    const { organization } = context;
    let resent: Restarted[] = [];
    const counts = await changes.run(context, "webhooks.deliveries.resend", async (tx) => {
      const rows = await judge(tx, organization.id, deliveries);
      const [first] = rows;
      if (!first) throw notFound("delivery");
      const chosen = rows.filter(({ refusal }) => refusal === null);
      if (chosen.length === 0 && first.refusal !== null)
        throw new AppError("conflict", `Not sent again: ${refusals[first.refusal](first)}.`);
      resent = await restart(tx, chosen);
      if (resent.length === 0) throw new AppError("conflict", `Not sent again: ${refusals.changed(first)}.`);
      const result = { resent: resent.length, skipped: deliveries.length - resent.length };
      return {
        result,
        audit: {
          targets: chosen.slice(0, 20).map(({ id, event_type, endpoint_name }) => ({
            type: "webhook-delivery",
            id,
            name: `${event_type} to ${endpoint_name}`,
          })),
          before: { status: "completed" },
          after: { status: "pending", count: result.resent, skipped: result.skipped },
          reason,
        },
      };
    });
    await doorbell.ring(
      resent.map(({ id, endpoint_id: endpointId, generation }) => ({
        deliveryId: id,
        endpointId,
        generation,
        attempt: 1,
        delayMs: 0,
      })),
    );
    events.emit("deliveries.changed", {
      organizationId: organization.id,
      ids: resent.map(({ id }) => id).slice(-50),
      created: 0,
    });
    return counts;
  };
}
export type Resend = ReturnType<typeof createResend>;
