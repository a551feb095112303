import type { QueueOperation } from "@wheelhouse/shared/queues/job-acts.ts";
import type { Selectable } from "kysely";
import type { Tables } from "#database/tables.ts";

type OperationRow = Selectable<Tables["operations"]>;

/** What an act on the queue itself answers for. */
export const wholeQueue = "queue";

/** The stored operation in the shape of the contract. */
export function queueOperationOf(row: OperationRow): QueueOperation {
  const outcomes = row.instances.map((subject): QueueOperation["outcomes"][number] => {
    const reply = row.replies[subject];
    return {
      job: row.act.kind === "queue" && row.act.isOnQueue ? null : subject,
      outcome: reply === undefined ? "no answer" : reply.outcome === "obeyed" ? "done" : "refused",
      detail: reply?.detail ?? null,
      count: reply?.count ?? null,
      made: reply?.made ?? null,
    };
  });
  const isUnknown = row.state !== "accepted" && outcomes.every(({ outcome }) => outcome === "no answer");
  return {
    operationId: row.id,
    kind: row.kind,
    queue: row.target_id,
    by: row.actor_display,
    reason: row.reason || null,
    requestedAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    state: row.state === "accepted" ? "accepted" : isUnknown ? "unknown" : "done",
    outcomes,
  };
}
