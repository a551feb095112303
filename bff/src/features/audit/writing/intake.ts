import { createHash } from "node:crypto";
import {
  type ReportedAuditEvent,
  type reportAuditEvents,
  reportedAuditEvent,
} from "@wheelhouse/shared/audit/intake.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { sql } from "kysely";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Act } from "./content.ts";
import { takeIntakeKeys } from "./intake-keys.ts";
import { beginAct, makeActIds, writeActs } from "./write.ts";

type IntakeDeps = {
  database: Database;
  clock: Clock;
  /** Called after COMMIT, with at most 50 ids. */
  onCommitted?: (organizationId: string, auditIds: readonly string[]) => void;
};

type Result = EndpointResult<typeof reportAuditEvents>["items"][number];
type Reported = { index: number; event: ReportedAuditEvent; hash: Buffer };

// Sealing locks the organization's head until the commit is durable, so large batches are split.
const perTransaction = 200;
const aheadMaxMs = 5 * 60_000;
const toldMax = 50;

/** Records events that platforms report about themselves in the organization's trail and chain. */
export function createAuditIntake({ database, clock, onCommitted = () => {} }: IntakeDeps) {
  async function record(context: RequestContext, part: readonly Reported[]): Promise<Result[]> {
    const { organization, actor } = context;
    const done = await database.app.transaction().execute(async (tx) => {
      const begun = await beginAct(tx, [organization.id]);
      const ids = await makeActIds(tx, part.length);
      const wanted = part.map((reported, place) => ({ ...reported, auditId: ids[place] ?? begun.id }));
      const { free, kept } = await takeIntakeKeys(tx, {
        organizationId: organization.id,
        reporter: actor.id ?? actor.display,
        keys: wanted.map(({ event, hash, auditId }) => ({
          key: event.idempotencyKey,
          requestHash: hash,
          auditId,
        })),
      });
      const fresh = wanted.filter(({ event }) => free.has(event.idempotencyKey));
      await writeActs(
        tx,
        context,
        fresh.map(({ event, auditId }) => actOf(event, auditId, begun.recordedAt)),
      );
      const results = wanted.map(({ index, event, hash, auditId }): Result => {
        if (free.has(event.idempotencyKey)) return { index, status: "recorded", id: auditId, errors: [] };
        const first = kept.get(event.idempotencyKey);
        if (first?.requestHash.equals(hash))
          return { index, status: "duplicate", id: first.auditId, errors: [] };
        return rejected(index, "idempotencyKey", "was used for another event");
      });
      return { results, written: fresh.map(({ auditId }) => auditId) };
    });
    for (let from = 0; from < done.written.length; from += toldMax)
      onCommitted(organization.id, done.written.slice(from, from + toldMax));
    return done.results;
  }

  return {
    /**
     * Records each valid event, in the given order. Safe to send again after an error: events that were
     * already recorded are then duplicates.
     */
    async report(
      { events }: { events: readonly unknown[] },
      context: RequestContext,
    ): Promise<EndpointResult<typeof reportAuditEvents>> {
      const { good, results } = checked(events, clock.now());
      for (let from = 0; from < good.length; from += perTransaction)
        results.push(...(await record(context, good.slice(from, from + perTransaction))));
      const count = (status: Result["status"]) => results.filter((result) => result.status === status).length;
      return {
        recorded: count("recorded"),
        duplicates: count("duplicate"),
        rejected: count("rejected"),
        items: results.sort((a, b) => a.index - b.index),
      };
    },

    /** Deletes idempotency keys after 7 days. */
    async forgetKeys() {
      await sql`delete from audit_intake_keys where created_at < now() - interval '7 days'`.execute(
        database.system,
      );
    },
  };
}
export type AuditIntake = ReturnType<typeof createAuditIntake>;

const rejected = (index: number, field: string, message: string): Result => ({
  index,
  status: "rejected",
  id: null,
  errors: [{ field: `body.events.${index}${field && `.${field}`}`, message }],
});

function checked(events: readonly unknown[], nowMs: number) {
  const good: Reported[] = [];
  const results: Result[] = [];
  const firstOf = new Map<string, number>();
  for (const [index, raw] of events.entries()) {
    const parsed = reportedAuditEvent.safeParse(raw);
    if (!parsed.success) {
      const errors = parsed.error.issues.slice(0, 20).map(({ path, message }) => ({
        field: ["body.events", index, ...path].join("."),
        message,
      }));
      results.push({ index, status: "rejected", id: null, errors });
      continue;
    }
    const event = parsed.data;
    const earlier = firstOf.get(event.idempotencyKey);
    if (earlier !== undefined)
      results.push(rejected(index, "idempotencyKey", `is also the key of events.${earlier}`));
    else if (Date.parse(event.occurredAt) > nowMs + aheadMaxMs)
      results.push(rejected(index, "occurredAt", "is in the future"));
    else {
      firstOf.set(event.idempotencyKey, index);
      good.push({ index, event, hash: createHash("sha256").update(JSON.stringify(event)).digest() });
    }
  }
  return { good, results };
}

const actOf = (event: ReportedAuditEvent, id: string, recordedAt: string): Act => ({
  id,
  recordedAt,
  action: `app:${event.action}`,
  outcome: event.outcome,
  entry: {
    targets: event.targets,
    before: event.before ?? null,
    after: event.after ?? null,
    reason: event.reason ?? null,
  },
  reported: {
    occurredAt: new Date(event.occurredAt).toISOString(),
    actor: { ...event.actor, id: event.actor.id ?? null },
    impersonator: event.impersonator ?? null,
    address: event.address ?? null,
    userAgent: event.userAgent ?? null,
    requestId: event.requestId ?? null,
  },
});
