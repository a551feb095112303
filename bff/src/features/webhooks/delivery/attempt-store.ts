import { randomUUID } from "node:crypto";
import type { ErrorClass } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import type { StoredTerms } from "../directory/directory.ts";
import { timeOfId } from "../ids.ts";
import type { Payloads } from "../log/log.ts";
import { type AttemptRef, jobIdOf } from "./attempt-ref.ts";

/** An attempt that this process may now make: the claim is committed. */
export type Claim = {
  deliveryId: string;
  organizationId: string;
  endpointId: string;
  generation: number;
  attempt: number;
  maxAttempts: number;
  eventId: string;
  eventType: string;
  url: string;
  /** Incremented by each change to the endpoint. */
  endpointVersion: number;
  stored: StoredTerms;
  /** Null once the event has been deleted. */
  payload: Buffer | null;
  contentType: string | null;
};

export type Outcome = {
  deliveryId: string;
  generation: number;
  attempt: number;
  result: "success" | "failure" | "unknown";
  finishedAt: Date;
  latencyMs: number | null;
  statusCode: number | null;
  errorClass: ErrorClass | null;
  errorMessage: string | null;
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string> | null;
  responseBody: string | null;
  responseSizeBytes: number | null;
  responseTruncated: boolean | null;
  /** The delivery's new state. */
  status: "completed" | "failed" | "dead_letter";
  nextAttemptAt: Date | null;
};

/** `stored` is false when the claim had already expired and its outcome was recorded as unknown. */
export type StoredOutcome = { stored: boolean; organizationId: string | null };

type ClaimRow = {
  id: string;
  org_id: string;
  endpoint_id: string;
  generation: number;
  attempt: number;
  max_attempts: number;
  event_id: string;
  event_type: string;
  url: string;
  endpoint_version: number;
  payload: Buffer | null;
  content_type: string | null;
} & StoredTerms;

export type Postponement = AttemptRef & { untilMs: number; spreadMs: number };
export type Postponed = { nextAttemptAt: Date; status: string; organizationId: string };

const refsOf = (refs: readonly AttemptRef[]) =>
  JSON.stringify(
    refs.map(({ deliveryId, generation, attempt }, n) => ({
      n,
      id: deliveryId,
      created_at: timeOfId(deliveryId),
      generation,
      attempt,
    })),
  );

/** The oldest and newest moment among the deliveries, which leave out the partitions of all other days. */
function daysOf(items: readonly { deliveryId: string }[]) {
  const times = items.map(({ deliveryId }) => timeOfId(deliveryId).getTime());
  return { first: new Date(Math.min(...times)), last: new Date(Math.max(...times)) };
}

function claimOf(row: ClaimRow, payload: Buffer | null): Claim {
  return {
    deliveryId: row.id,
    organizationId: row.org_id,
    endpointId: row.endpoint_id,
    generation: row.generation,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    eventId: row.event_id,
    eventType: row.event_type,
    url: row.url,
    endpointVersion: row.endpoint_version,
    stored: row,
    payload,
    contentType: row.content_type,
  };
}

/**
 * Claims, outcomes and postponements; each call handles a group of attempts in one statement, hence one
 * transaction.
 */
export function createAttemptStore(deps: {
  database: Database;
  payloads: Payloads;
  clock: Clock;
  config: Pick<WebhooksConfig, "deliveryTimeoutMs" | "claimGraceMs">;
}) {
  const { database, payloads, clock, config } = deps;
  const worker = `worker_${randomUUID().slice(0, 8)}`;
  return {
    /**
     * Claims attempts that are still due.
     * @returns null for an attempt that is not.
     */
    async claim(refs: readonly AttemptRef[]): Promise<(Claim | null)[]> {
      const nowMs = clock.now();
      const { first, last } = daysOf(refs);
      const { rows } = await sql<ClaimRow>`
        select * from claim_webhook_deliveries(${refsOf(refs)}::json, ${first}::timestamptz, ${last}::timestamptz,
          ${worker}, ${new Date(nowMs)}::timestamptz, ${config.deliveryTimeoutMs}::int, ${config.claimGraceMs}::int)
      `.execute(database.system);
      const claims = new Map(rows.map((row) => [row.id, row]));
      return refs.map(({ deliveryId }) => {
        const row = claims.get(deliveryId);
        // A second copy of an attempt within one group is stale.
        claims.delete(deliveryId);
        if (!row) return null;
        return claimOf(row, payloads.open(row.payload, row.event_id));
      });
    },

    /** Turns claims into attempts and updates their deliveries; an outcome without a claim changes nothing. */
    async finish(outcomes: readonly Outcome[]): Promise<StoredOutcome[]> {
      const items = outcomes.map((outcome) => ({
        ...outcome,
        id: outcome.deliveryId,
        createdAt: timeOfId(outcome.deliveryId),
        nextJobId:
          outcome.nextAttemptAt && jobIdOf({ ...outcome, endpointId: "", attempt: outcome.attempt + 1 }),
      }));
      const { first, last } = daysOf(outcomes);
      const { rows } = await sql<{ id: string; org_id: string }>`
        select id, org_id from finish_webhook_attempts(${JSON.stringify(items)}::json, ${first}::timestamptz,
          ${last}::timestamptz)
      `.execute(database.system);
      const organizations = new Map(rows.map(({ id, org_id }) => [id, org_id]));
      return outcomes.map(({ deliveryId }) => {
        const organizationId = organizations.get(deliveryId) ?? null;
        return { stored: organizationId !== null, organizationId };
      });
    },

    /**
     * Postpones attempts without consuming them: until `untilMs` plus up to a quarter of the delivery's age
     * (at least its `spreadMs`, at most 10 min), so that a long backlog is checked less and less often, but never
     * beyond its end. Gives up deliveries whose generation is older than `maxAgeMs`.
     */
    async postpone(
      refs: readonly Postponement[],
      nowMs: number,
      maxAgeMs: number,
    ): Promise<(Postponed | null)[]> {
      const items = refs.map(({ deliveryId, generation, attempt, untilMs, spreadMs }) => ({
        id: deliveryId,
        created_at: timeOfId(deliveryId),
        generation,
        attempt,
        until: new Date(untilMs),
        spread_ms: spreadMs,
      }));
      const { first, last } = daysOf(refs);
      const { rows } = await sql<{
        id: string;
        org_id: string;
        status: string;
        next_attempt_at: Date | null;
      }>`
        select * from postpone_webhook_deliveries(${JSON.stringify(items)}::json, ${first}::timestamptz,
          ${last}::timestamptz, ${new Date(nowMs)}::timestamptz, ${maxAgeMs})
      `.execute(database.system);
      const found = new Map(rows.map((row) => [row.id, row]));
      return refs.map(({ deliveryId, untilMs }) => {
        const row = found.get(deliveryId);
        if (!row) return null;
        return {
          nextAttemptAt: row.next_attempt_at ?? new Date(untilMs),
          status: row.status,
          organizationId: row.org_id,
        };
      });
    },

    /**
     * Discards deliveries to a disabled or deleted endpoint; they can be replayed once it is enabled again.
     * @returns the organization of each delivery that was discarded, null for the others.
     */
    async discardUnwanted(refs: readonly AttemptRef[]): Promise<(string | null)[]> {
      const { first, last } = daysOf(refs);
      const { rows } = await sql<{ id: string; org_id: string }>`
        select * from discard_unwanted_webhook_deliveries(${refsOf(refs)}::json, ${first}::timestamptz,
          ${last}::timestamptz)
      `.execute(database.system);
      const discarded = new Map(rows.map(({ id, org_id }) => [id, org_id]));
      return refs.map(({ deliveryId }) => discarded.get(deliveryId) ?? null);
    },
  };
}

export type AttemptStore = ReturnType<typeof createAttemptStore>;
