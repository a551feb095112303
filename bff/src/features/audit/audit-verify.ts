import type { AuditVerification } from "@wheelhouse/shared/audit.ts";
import { sql, type Transaction } from "kysely";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import type { Tables } from "#lib/tables.ts";
import { contentHash, linkHash } from "./audit-content.ts";
import { parseContent, type StoredContent } from "./audit-row.ts";

const batchSize = 1_000;
const genesis = Buffer.alloc(32);

type Walk = { seq: number; hash: Buffer };
type Row = Awaited<ReturnType<typeof readBatch>>[number];

/**
 * Walks an organization's chain from its first event: numbers without a gap, each link to the one before, each content
 * against its hash, and each column that filters use against the content. Then what no walk along the chain can see:
 * events without a link, and a head that says more than the chain has. One snapshot, so acts meanwhile do not disturb.
 */
export function createAuditVerifier({ database, clock }: { database: Database; clock: Clock }) {
  const running = new Map<string, Promise<AuditVerification>>();

  async function walk(organizationId: string): Promise<AuditVerification> {
    return database.app
      .transaction()
      .setIsolationLevel("repeatable read")
      .execute(async (tx) => {
        await sql`select set_config('wheelhouse.organization_ids', ${`{${organizationId}}`}, true)`.execute(
          tx,
        );
        let at: Walk = { seq: 0, hash: genesis };
        const answer = (firstBad: AuditVerification["firstBad"]): AuditVerification => ({
          verifiedAt: new Date(clock.now()).toISOString(),
          verifiedToSeq: at.seq,
          events: at.seq,
          firstBad,
        });
        for (;;) {
          const rows = await readBatch(tx, organizationId, at.seq);
          for (const row of rows) {
            const problem = problemOf(row, at, organizationId);
            if (problem) return answer({ seq: Math.min(row.seq, at.seq + 1), problem });
            at = { seq: row.seq, hash: row.hash };
          }
          if (rows.length < batchSize) break;
        }
        const loose = await problemBesideChain(tx, organizationId, at);
        return answer(loose ? { seq: at.seq + 1, problem: loose } : null);
      });
  }

  return {
    /** Callers that ask for the same organization meanwhile share one walk. */
    verify(organizationId: string): Promise<AuditVerification> {
      const shared = running.get(organizationId);
      if (shared) return shared;
      const started = walk(organizationId).finally(() => running.delete(organizationId));
      running.set(organizationId, started);
      return started;
    },
  };
}
export type AuditVerifier = ReturnType<typeof createAuditVerifier>;

const readBatch = (tx: Transaction<Tables>, organizationId: string, afterSeq: number) =>
  tx
    .selectFrom("audit_chain as link")
    .leftJoin("audit_events as event", (join) =>
      join
        .onRef("event.id", "=", "link.audit_id")
        .onRef("event.recorded_at", "=", "link.recorded_at")
        .onRef("event.org_id", "=", "link.org_id"),
    )
    .select(["link.seq", "link.audit_id", "link.content_hash", "link.prev", "link.hash"])
    .select(["event.content", "event.recorded_at", "event.action", "event.outcome"])
    .select(["event.actor_type", "event.actor_id", "event.actor_display", "event.target_keys"])
    .where("link.org_id", "=", organizationId)
    .where("link.seq", ">", afterSeq)
    .orderBy("link.seq")
    .limit(batchSize)
    .execute();

function problemOf(row: Row, before: Walk, organizationId: string): string | undefined {
  const expected = before.seq + 1;
  if (row.seq !== expected)
    return row.seq === expected + 1
      ? `event ${expected} is missing from the chain`
      : `events ${expected} to ${row.seq - 1} are missing from the chain`;
  if (!row.prev.equals(before.hash)) return `event ${row.seq} does not follow the event before it`;
  if (row.content === null) return `event ${row.seq} is missing: its link is there, its content is not`;
  if (!contentHash(row.content).equals(row.content_hash))
    return `the content of event ${row.seq} was altered after it was sealed`;
  const link = {
    organizationId,
    seq: row.seq,
    auditId: row.audit_id,
    contentHash: row.content_hash,
    previous: row.prev,
  };
  if (!linkHash(link).equals(row.hash)) return `the hash of event ${row.seq} is not the hash of its fields`;
  const column = alteredColumn(row, row.content, organizationId);
  return column ? `the column ${column} of event ${row.seq} differs from its content` : undefined;
}

function alteredColumn(row: Row, text: string, organizationId: string): string | undefined {
  let content: StoredContent;
  try {
    content = parseContent(text);
  } catch {
    return "content";
  }
  const keys = new Set(content.targets.flatMap(({ id, name }) => [id, name]));
  const same = {
    id: content.id === row.audit_id,
    org_id: content.organization.id === organizationId,
    recorded_at: Date.parse(content.recordedAt) === row.recorded_at?.getTime(),
    action: content.action === row.action,
    outcome: content.outcome === row.outcome,
    actor_type: content.actor.type === row.actor_type,
    actor_id: content.actor.id === row.actor_id,
    actor_display: content.actor.display === row.actor_display,
    target_keys: row.target_keys?.length === keys.size && row.target_keys.every((key) => keys.has(key)),
  };
  return Object.entries(same).find(([, matches]) => !matches)?.[0];
}

async function problemBesideChain(tx: Transaction<Tables>, organizationId: string, end: Walk) {
  const head = await tx
    .selectFrom("audit_heads")
    .select(["seq", "hash"])
    .where("org_id", "=", organizationId)
    .executeTakeFirst();
  const headSeq = head?.seq ?? 0;
  if (headSeq > end.seq)
    return `events ${end.seq + 1} to ${headSeq} were cut off: the chain once reached ${headSeq}`;
  if (headSeq < end.seq || (head && headSeq > 0 && !head.hash.equals(end.hash)))
    return `the recorded end of the chain is not its last event, ${end.seq}`;
  const { events } = await tx
    .selectFrom("audit_events")
    .select((select) => select.fn.countAll<number>().as("events"))
    .where("org_id", "=", organizationId)
    .executeTakeFirstOrThrow();
  // Every link of the walk has its event, so more events than links means events that were never sealed.
  return events === end.seq ? undefined : `${events - end.seq} event(s) are in the trail without a seal`;
}
