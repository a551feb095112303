import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { ActOrigin, AuditEntry } from "#lib/change.ts";
import type { Actor } from "#lib/http/request-context.ts";
import { type Act, type AuditOutcome, auditContent } from "./content.ts";

const beginning = z.object({ id: z.uuid(), recordedAt: z.string() });
export type ActBeginning = z.infer<typeof beginning>;

/**
 * First statement of a recorded transaction: restricts it to these organizations and returns the event's id
 * and the server time in milliseconds, both needed for the content.
 * @param actor may be a person outside these organizations; their own account is visible nevertheless.
 */
export async function beginAct(
  tx: Transaction<Tables>,
  organizationIds: readonly string[],
  actor?: Pick<Actor, "type" | "id">,
): Promise<ActBeginning> {
  const personId = actor?.type === "user" ? actor.id : null;
  const { rows } = await sql`
    select set_config('wheelhouse.organization_ids', ${`{${organizationIds.join(",")}}`}, true),
      set_config('wheelhouse.person_id', ${personId ?? ""}, true),
      wheelhouse.uuidv7() as id,
      to_char(date_trunc('milliseconds', now()) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "recordedAt"
  `.execute(tx);
  return beginning.parse(rows[0]);
}

/** Last statement before COMMIT, which seals the event into its organization's chain. */
export async function writeAct(
  tx: Transaction<Tables>,
  begun: ActBeginning,
  origin: ActOrigin,
  act: { action: string; outcome: AuditOutcome; entry: AuditEntry },
) {
  await tx
    .insertInto("audit_events")
    .values({
      id: begun.id,
      org_id: origin.organization.id,
      content: auditContent(origin, { ...begun, ...act }),
    })
    .execute();
}

/**
 * Several events of one organization in one transaction, sealed in this order; `makeActIds` creates their
 * ids.
 */
export async function writeActs(tx: Transaction<Tables>, origin: ActOrigin, acts: readonly Act[]) {
  if (acts.length === 0) return;
  await tx
    .insertInto("audit_events")
    .values(
      acts.map((act) => ({
        id: act.id,
        org_id: origin.organization.id,
        content: auditContent(origin, act),
      })),
    )
    .execute();
}

/** The requested number of ids, in chronological order. */
export async function makeActIds(tx: Transaction<Tables>, count: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select wheelhouse.uuidv7() as id from generate_series(1, ${count}::int)`.execute(tx);
  return rows.map(({ id }) => id).sort();
}
