import { setTimeout as sleep } from "node:timers/promises";
import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { ControlAct, ControlReply } from "@wheelhouse/shared/reporter/control.ts";
import type { AuditFields } from "#lib/change.ts";
import { type Core, everyRole, type Feature } from "#lib/feature.ts";
import { notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { ControlChannel } from "#observe/reports/reports.ts";
import { createEffects } from "./effects.ts";
import { createHolds } from "./holds.ts";
import { createOperationsStore, type OperationRow, operationOf } from "./store.ts";

const answersWithinMs = 2_000;
const askEveryMs = 40;
const sweepEveryMs = 2_000;

export type OperationRequest = {
  /** `breaker.open`, `cache.invalidate` … */
  kind: string;
  action: AuditAction;
  target: { type: string; id: string; name: string };
  sourceId: string;
  service: string;
  act: ControlAct;
  instances: string[];
  reason: string;
  /** Further audit fields of the command. */
  fields: AuditFields;
  /** How long an override lasts; undefined: until somebody resets it. */
  holdMs?: number | undefined;
};

class EndedAlready extends Error {}

/**
 * Commands to instances of watched services. One transaction accepts the command together with its audit
 * event; then it is sent, and any process retries if that failed. A second audit event, linked by the
 * operation id, records what the instances did once all have responded or the command has expired.
 */
export function createOperations(
  { database, changes, clock, log }: Pick<Core, "database" | "changes" | "clock" | "log">,
  { channel }: { channel: ControlChannel },
) {
  const store = createOperationsStore(database);

  const targetTypeOf = (row: OperationRow) => (row.act.kind === "breaker" ? "breaker" : "cache");

  async function tell(row: OperationRow) {
    const lifeMs = row.expires_at.getTime() - clock.now();
    if (lifeMs <= 0) return;
    const { id, ordinal, service, instances, act } = row;
    if (act.kind === "queue") return;
    await channel.tell(row.source_id, { version: 1, id, ordinal, service, instances, act }, lifeMs);
  }

  async function end(row: OperationRow, state: "done" | "superseded", replies: Record<string, ControlReply>) {
    if (row.act.kind === "queue") return;
    const { outcomes } = operationOf(row, replies);
    const named = (outcome: string) =>
      outcomes
        .filter((each) => each.outcome === outcome)
        .map(({ instance, detail }) =>
          outcome === "refused" && detail ? `${instance}: ${detail}` : instance,
        );
    const obeyed = outcomes.every(({ outcome }) => outcome === "obeyed");
    const counts = outcomes.flatMap(({ count }) => count ?? []);
    try {
      await changes.runAsSystem(row.org_id, "Wheelhouse", outcomeActions[row.act.kind], async (tx) => {
        if (!(await store.end(tx, row.id, { state, replies }))) throw new EndedAlready();
        return {
          result: null,
          audit: {
            ...(obeyed ? {} : { outcome: "failure" as const }),
            targets: [{ type: targetTypeOf(row), id: row.target_id, name: row.target_name }],
            after: {
              operation: row.id,
              command: row.kind,
              state,
              obeyed: named("obeyed"),
              refused: named("refused"),
              noAnswer: named("no answer"),
              ...(counts.length > 0 ? { removed: counts.reduce((sum, count) => sum + count, 0) } : {}),
            },
            reason: row.reason,
          },
        };
      });
    } catch (error) {
      if (!(error instanceof EndedAlready)) throw error;
    }
  }

  const answered = (row: OperationRow, replies: Record<string, ControlReply>) =>
    row.instances.every((instance) => replies[instance]);

  /** Whether a newer command to the same target reaches at least the same instances. */
  const supersedes = (row: OperationRow) => (other: OperationRow) =>
    other.ordinal > row.ordinal &&
    other.org_id === row.org_id &&
    other.target_id === row.target_id &&
    row.instances.every((instance) => other.instances.includes(instance));

  const effects = createEffects({ changes, log }, store);

  async function advance(row: OperationRow, open: readonly OperationRow[]) {
    if (row.act.kind === "queue") {
      // Its process has ended, or lost Postgres. Nobody knows how far it came.
      if (clock.now() > row.expires_at.getTime()) await effects.end(row, {});
      return;
    }
    const replies = await channel.repliesTo(row.source_id, row.id).catch(() => ({}));
    const isOver = clock.now() > row.expires_at.getTime();
    if (Object.keys(replies).length === 0 && open.some(supersedes(row)))
      await end(row, "superseded", replies);
    else if (isOver || answered(row, replies)) await end(row, "done", replies);
    else await tell(row);
  }

  const endHolds = createHolds({ changes, log }, store);

  async function sweep() {
    await endHolds();
    const open = await store.open();
    for (const row of open) {
      // The process that accepted it is still waiting for responses.
      if (clock.now() - row.created_at.getTime() < answersWithinMs) continue;
      await advance(row, open).catch((err: unknown) =>
        log.debug({ err, operation: row.id }, "a command could not be sent yet"),
      );
    }
  }

  async function byId(organizationId: string, id: string) {
    const row = await store.byId(organizationId, id);
    if (!row) throw notFound("operation");
    return row;
  }

  const feature = {
    jobs: [{ name: "ended operations", on: "retention", run: store.forget }],
    processes: [
      {
        in: everyRole,
        async start() {
          const timer = setInterval(() => {
            sweep().catch((err: unknown) =>
              log.debug({ err }, "operations could not be read; retrying in 2 s"),
            );
          }, sweepEveryMs).unref();
          return {
            async drain() {
              clearInterval(timer);
              await effects.drain();
            },
            stop: async () => {},
          };
        },
      },
    ],
  } satisfies Feature;

  return {
    ...feature,
    /**
     * Accepts and sends a command, and waits up to 2 s for responses.
     * @returns the operation; while it is `accepted`, missing responses may still arrive.
     */
    async run(context: RequestContext, request: OperationRequest): Promise<Operation> {
      const { target, instances, reason, kind, holdMs = null } = request;
      const id = await changes.run(context, request.action, async (tx) => {
        const { id: made, holdUntil } = await store.insert(tx, {
          holdMs,
          organizationId: context.organization.id,
          actorDisplay: context.actor.display,
          kind,
          target_id: target.id,
          target_name: target.name,
          source_id: request.sourceId,
          service: request.service,
          act: request.act,
          instances,
          reason,
        });
        return {
          result: made,
          audit: {
            targets: [target],
            after: {
              ...request.fields,
              operation: made,
              effect: "accepted",
              instances,
              ...(holdUntil === null ? {} : { until: holdUntil.toISOString() }),
            },
            reason,
          },
        };
      });
      const row = await byId(context.organization.id, id);
      const deadlineMs = performance.now() + answersWithinMs;
      let replies: Record<string, ControlReply> = row.replies;
      try {
        if (row.state === "accepted") await tell(row);
        while (row.state === "accepted" && !answered(row, replies) && performance.now() < deadlineMs) {
          await sleep(askEveryMs);
          replies = await channel.repliesTo(row.source_id, row.id);
        }
        if (row.state === "accepted" && answered(row, replies)) await end(row, "done", replies);
      } catch (err) {
        // The command is accepted, so a sweep resends it until it expires.
        log.warn({ err, operation: id }, "a command could not be sent right away");
      }
      const now = await byId(context.organization.id, id);
      return operationOf(now, { ...replies, ...now.replies });
    },
    async read(context: RequestContext, id: string): Promise<Operation> {
      const row = await byId(context.organization.id, id);
      const live =
        row.state === "accepted" ? await channel.repliesTo(row.source_id, id).catch(() => ({})) : {};
      return operationOf(row, { ...row.replies, ...live });
    },
    /** The latest command to each of these breakers that was applied by an instance, or still may be. */
    async newestToBreakers(targets: readonly { organizationId: string; targetId: string }[]) {
      const rows = await store.newestToBreakers(targets);
      return rows.map((row) => ({ organizationId: row.org_id, operation: operationOf(row, row.replies) }));
    },
    /** Acts that this process carries out itself. */
    effects,
    /** One pass over open operations; its process runs it every 2 s. */
    sweep,
  };
}

const outcomeActions = {
  breaker: "breakers.breaker.outcome",
  "cache.invalidate": "cache.invalidation.outcome",
} as const satisfies Record<ControlAct["kind"], AuditAction>;
