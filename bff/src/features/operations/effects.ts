import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { KeptReply, QueueAct } from "#database/table-overrides.ts";
import type { AuditFields, AuditTarget } from "#lib/change.ts";
import type { Core } from "#lib/feature.ts";
import { notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { OperationRow, OperationsStore } from "./store.ts";

const answersWithinMs = 2_000;

export type EffectRequest = {
  /** `queues.jobs.retry` … */
  kind: AuditAction;
  /** The queue. */
  target: AuditTarget;
  /** The jobs, for acts on jobs. */
  targets: AuditTarget[];
  sourceId: string;
  act: QueueAct;
  /** What is answered for: ids of jobs, or `queue`. */
  subjects: string[];
  reason: string;
  /** Further audit fields. */
  fields: AuditFields;
  /** After this time without an outcome, nobody knows what happened. */
  lifeMs: number;
  /** Carries the act out; what it does not reply to was not done. Never called twice. */
  apply(): Promise<Record<string, KeptReply>>;
};

class EndedAlready extends Error {}

/**
 * Acts that a process of Wheelhouse carries out itself, once: accepted and audited in one transaction, then applied,
 * then their outcome is stored with a second audit event. An act whose process ends meanwhile is never repeated; the
 * sweep says that its outcome is unknown.
 */
export function createEffects({ changes, log }: Pick<Core, "changes" | "log">, store: OperationsStore) {
  const running = new Set<Promise<void>>();

  async function end(row: OperationRow, replies: Record<string, KeptReply>) {
    const named = (wanted: string) =>
      row.instances
        .filter((subject) => (replies[subject]?.outcome ?? "no answer") === wanted)
        .map((subject) => subject.slice(0, 200));
    const refused = named("refused").map((subject) => {
      const detail = replies[subject]?.detail;
      return detail ? `${subject}: ${detail}` : subject;
    });
    const unanswered = named("no answer");
    const made = Object.values(replies).flatMap((reply) =>
      reply.made ? [`${reply.made.queue}/${reply.made.id}`] : [],
    );
    const counts = Object.values(replies).flatMap(({ count }) => count ?? []);
    const isWhole = refused.length + unanswered.length === 0;
    try {
      await changes.runAsSystem(row.org_id, "Wheelhouse", "queues.operation.outcome", async (tx) => {
        if (!(await store.end(tx, row.id, { state: "done", replies, made }))) throw new EndedAlready();
        return {
          result: null,
          audit: {
            ...(isWhole ? {} : { outcome: "failure" as const }),
            targets: [{ type: "queue", id: row.target_id, name: row.target_name }],
            after: {
              operation: row.id,
              command: row.kind,
              state: unanswered.length === row.instances.length ? "unknown" : "done",
              done: named("obeyed"),
              refused,
              unanswered,
              ...(made.length > 0 ? { made } : {}),
              ...(counts.length > 0 ? { removed: counts.reduce((sum, count) => sum + count, 0) } : {}),
            },
            reason: row.reason || null,
          },
        };
      });
    } catch (error) {
      if (!(error instanceof EndedAlready)) throw error;
    }
  }

  async function byId(organizationId: string, id: string) {
    const row = await store.byId(organizationId, id);
    if (row?.act.kind !== "queue") throw notFound("operation");
    return row;
  }

  return {
    end,
    byId,
    /** Accepts an act and carries it out; after 2 s the operation is returned while it continues. */
    async run(context: RequestContext, request: EffectRequest): Promise<OperationRow> {
      let isMine = false;
      const id = await changes.run(context, request.kind, async (tx) => {
        const { id: made } = await store.insert(tx, {
          organizationId: context.organization.id,
          actorDisplay: context.actor.display,
          lifeMs: request.lifeMs,
          kind: request.kind,
          target_id: request.target.id,
          target_name: request.target.name,
          source_id: request.sourceId,
          service: "",
          act: request.act,
          instances: request.subjects,
          reason: request.reason,
        });
        isMine = true;
        return {
          result: made,
          audit: {
            targets: [request.target, ...request.targets],
            after: Object.assign({}, request.fields, {
              operation: made,
              command: request.act.command,
              effect: "accepted",
            }),
            reason: request.reason || null,
          },
        };
      });
      const row = await byId(context.organization.id, id);
      // A repeated request gets the operation of the first.
      if (!isMine || row.state !== "accepted") return row;
      const work = request
        .apply()
        .then((replies) => end(row, replies))
        .catch((err: unknown) =>
          log.warn({ err, operation: id }, "the outcome of an act could not be stored"),
        );
      running.add(work);
      void work.finally(() => running.delete(work));
      await Promise.race([work, after(answersWithinMs)]);
      return byId(context.organization.id, id);
    },
    ofJob: store.ofJob,
    /** Resolves when the acts that run now have ended. */
    drain: () => Promise.all(running),
  };
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref());
