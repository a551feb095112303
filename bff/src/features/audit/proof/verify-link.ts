import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { parseContent, type StoredContent } from "../reading/reading.ts";
import { contentHash, linkHash } from "../writing/writing.ts";

/**
 * Position of a verification: the last valid event, the hash of its link, and the hash of the link before it.
 */
export type Walk = { seq: number; hash: Buffer; prev: Buffer };
export type Row = Awaited<ReturnType<typeof readLinks>>[number];
type Fault = { seq: number; problem: string };

// Maximum distance at which a renumbered event is still recognized by its original number.
const movedMax = 16;

/** Links after this number with their events as stored, in chain order. */
export const readLinks = (
  tx: Transaction<Tables>,
  organizationId: string,
  { afterSeq, limit }: { afterSeq: number; limit: number },
) =>
  tx
    .selectFrom("audit_chain as link")
    .leftJoin("audit_events as event", (join) =>
      join
        .onRef("event.id", "=", "link.audit_id")
        .onRef("event.recorded_at", "=", "link.recorded_at")
        .onRef("event.org_id", "=", "link.org_id"),
    )
    .select(["link.seq", "link.audit_id", "link.content_hash", "link.prev", "link.hash"])
    .select("link.recorded_at as linked_at")
    .select(["event.content", "event.recorded_at", "event.action", "event.outcome"])
    .select(["event.actor_type", "event.actor_id", "event.actor_display", "event.target_keys"])
    .where("link.org_id", "=", organizationId)
    .where("link.seq", ">", afterSeq)
    .orderBy("link.seq")
    .limit(limit)
    .execute();

const hashAs = (row: Row, organizationId: string, seq: number, previous = row.prev) =>
  linkHash({
    organizationId,
    seq,
    auditId: row.audit_id,
    contentHash: row.content_hash,
    previous,
  });

/** True if the link has the next number, follows the previous link, and is the hash of its own fields. */
export const isLinked = (row: Row, before: Walk, organizationId: string) =>
  row.seq === before.seq + 1 &&
  row.prev.equals(before.hash) &&
  hashAs(row, organizationId, row.seq).equals(row.hash);

/** What is wrong with the content of a linked event; missing content is handled by the caller. */
export function contentFault(row: Row, text: string, organizationId: string): string | undefined {
  if (!contentHash(text).equals(row.content_hash))
    return `the content of event ${row.seq} was altered after it was sealed`;
  const column = alteredColumn(row, text, organizationId);
  return column ? `the column ${column} of event ${row.seq} differs from its content` : undefined;
}

/** Explains what happened to a chain whose link is invalid. */
export async function linkFault(
  tx: Transaction<Tables>,
  { row, before, organizationId }: { row: Row; before: Walk; organizationId: string },
): Promise<Fault> {
  const expected = before.seq + 1;
  if (row.seq !== expected)
    return {
      seq: expected,
      problem:
        row.seq === expected + 1
          ? `event ${expected} is missing from the chain`
          : `events ${expected} to ${row.seq - 1} are missing from the chain`,
    };
  if (hashAs(row, organizationId, before.seq, before.prev).equals(row.hash))
    return inserted(before.seq, row.seq);
  const sealedAs = originalSeq(row, organizationId);
  if (sealedAs === undefined || sealedAs === row.seq)
    return {
      seq: row.seq,
      problem: row.prev.equals(before.hash)
        ? `the hash of event ${row.seq} does not match its fields`
        : `event ${row.seq} does not follow the event before it`,
    };
  const [inItsPlace] = await readLinks(tx, organizationId, { afterSeq: sealedAs - 1, limit: 1 });
  if (inItsPlace && originalSeq(inItsPlace, organizationId) === row.seq) {
    const [first, second] = [Math.min(row.seq, sealedAs), Math.max(row.seq, sealedAs)];
    return { seq: first, problem: `events ${first} and ${second} were swapped` };
  }
  return sealedAs < row.seq
    ? inserted(sealedAs, row.seq)
    : {
        seq: row.seq,
        problem: `event ${row.seq} was deleted and later events were renumbered: the current event ${row.seq} was sealed as ${sealedAs}`,
      };
}

const inserted = (sealedAs: number, seq: number): Fault => ({
  seq: sealedAs,
  problem: `event ${sealedAs} was inserted later: the current event ${seq} was sealed as ${sealedAs}`,
});

/** The number under which a link was sealed, if it is close to its current number. */
function originalSeq(row: Row, organizationId: string): number | undefined {
  for (let distance = 0; distance <= movedMax; distance += 1)
    for (const seq of [row.seq - distance, row.seq + distance])
      if (seq > 0 && hashAs(row, organizationId, seq).equals(row.hash)) return seq;
  return undefined;
}

/** Explains what happened to content that is gone but has not expired. */
export async function missingContentFault(
  tx: Transaction<Tables>,
  row: Row,
  organizationId: string,
): Promise<Fault> {
  const { rows } = await sql<{ month: string; last: number; left: boolean; isAttached: boolean }>`
    select to_char(m.starts at time zone 'UTC', 'YYYY-MM') as month,
      (select max(c.seq) from audit_chain c where c.org_id = ${organizationId}
        and c.recorded_at >= m.starts and c.recorded_at < m.ends) as last,
      exists (select from audit_events e where e.org_id = ${organizationId}
        and e.recorded_at >= m.starts and e.recorded_at < m.ends) as left,
      exists (select from pg_inherits i join pg_class p on p.oid = i.inhrelid
        where i.inhparent = 'audit_events'::regclass
          and p.relname = 'audit_events_' || to_char(m.starts at time zone 'UTC', 'YYYY_MM')) as "isAttached"
    from (select date_trunc('month', ${row.linked_at}::timestamptz, 'UTC') as starts,
      date_trunc('month', ${row.linked_at}::timestamptz, 'UTC') + interval '1 month' as ends) m`.execute(tx);
  const [found] = rows;
  return found && !found.left && found.last > row.seq
    ? {
        seq: row.seq,
        problem: `events ${row.seq} to ${found.last} are missing: the partition of ${found.month} was ${found.isAttached ? "emptied" : "detached or dropped"}`,
      }
    : { seq: row.seq, problem: `event ${row.seq} is missing: its link exists, but its content is gone` };
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
