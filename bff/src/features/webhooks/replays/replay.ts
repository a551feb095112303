import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import { type Doorbell, jobIdOf } from "../delivery/delivery.ts";
import { staleVersion } from "../directory/directory.ts";
import { timeOfDeliveryId } from "../ids.ts";
import { type DeliveryRow, deliveryColumns, deliveryJoins, deliveryOf } from "../log/log.ts";

type ReplayOptions = {
  changes: Changes;
  doorbell: Pick<Doorbell, "ring">;
  events: Pick<Events, "emit">;
  maxAttempts: number;
  clock: Clock;
};

const replayable = ["dead_letter", "discarded"];

type Locked = { status: string; generation: number; version: number; isInFlight: boolean };

type Restart = {
  id: string;
  createdAt: Date;
  generation: number;
  version: number;
  maxAttempts: number;
  now: Date;
};

/** Resets the delivery to its first attempt, as a new generation. */
function restart(tx: Transaction<Tables>, restarted: Restart) {
  const { id, createdAt, generation, version, maxAttempts, now } = restarted;
  return tx
    .updateTable("webhook_delivery_log")
    .set({
      status: "pending",
      generation,
      generation_started_at: now,
      version,
      attempts: 0,
      max_attempts: sql<number>`(
        select case when jsonb_typeof(e.settings -> 'retryScheduleMs') = 'array'
          then jsonb_array_length(e.settings -> 'retryScheduleMs') + 1 else ${maxAttempts}::int end
        from webhook_endpoints e where e.id = webhook_delivery_log.endpoint_id)`,
      next_attempt_at: now,
      next_trigger: "replay",
      job_id: jobIdOf({ deliveryId: id, endpointId: "", generation, attempt: 1 }),
    })
    .where("id", "=", id)
    .where("created_at", "=", createdAt)
    .execute();
}

/**
 * Starts a new generation of attempts for a dead letter or a discarded delivery. Row lock, status and version
 * decide in one transaction with the audit row: of several concurrent requests one succeeds, the others get
 * 409.
 */
export function createReplay({ changes, doorbell, events, maxAttempts, clock }: ReplayOptions) {
  return async (
    id: string,
    { reason, version }: { reason: string; version?: number | undefined },
    context: RequestContext,
  ) => {
    const createdAt = timeOfDeliveryId(id);
    if (!createdAt) throw notFound("delivery");
    const replayed = await changes.run(context, "webhooks.delivery.replay", async (tx) => {
      const mine = sql`d.id = ${id}::uuid and d.created_at = ${createdAt}::timestamptz
        and d.org_id = ${context.organization.id}::uuid`;
      const { rows: locked } = await sql<Locked>`
        select d.status, d.generation, d.version,
          exists (select from webhook_claims c where c.delivery_id = d.id) as "isInFlight"
        from webhook_delivery_log d where ${mine} for no key update
      `.execute(tx);
      const before = locked[0];
      if (!before) throw notFound("delivery");
      if (version !== undefined && before.version !== version) throw staleVersion();
      if (!replayable.includes(before.status))
        throw new AppError(
          "conflict",
          `Only dead letters can be replayed; this delivery is ${before.status}.`,
        );
      if (before.isInFlight)
        throw new AppError("conflict", "An attempt of this delivery is in flight. Wait for its outcome.");
      const generation = before.generation + 1;
      const now = new Date(clock.now());
      await restart(tx, { id, createdAt, generation, version: before.version + 1, maxAttempts, now });
      const { rows } = await sql<DeliveryRow & { enabled: boolean | null }>`
        select ${deliveryColumns}, e.enabled and e.deleted_at is null as enabled
        from webhook_delivery_log d ${deliveryJoins} where ${mine}
      `.execute(tx);
      const after = rows[0];
      if (!after) throw notFound("delivery");
      if (!after.enabled)
        throw new AppError(
          "conflict",
          "The endpoint of this delivery is disabled or deleted. Enable it first.",
        );
      return {
        result: { ...deliveryOf(after), version: after.version },
        audit: {
          targets: [
            { type: "webhook-delivery", id, name: `${after.event_type} to ${after.endpoint_name}` },
            { type: "webhook-endpoint", id: after.endpoint_id, name: after.endpoint_name ?? "" },
          ],
          before: { status: before.status, generation: before.generation },
          after: { status: "pending", generation },
          reason,
        },
      };
    });
    const { endpointId, generation } = replayed;
    await doorbell.ring([{ deliveryId: id, endpointId, generation, attempt: 1, delayMs: 0 }]);
    events.emit("deliveries.changed", { organizationId: context.organization.id, ids: [id], created: 0 });
    return replayed;
  };
}
