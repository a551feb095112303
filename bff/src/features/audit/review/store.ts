import { type StoredAuditFilter, storedAuditFilter } from "@wheelhouse/shared/audit/filter.ts";
import {
  type AuditReview,
  type AuditReviewGroup,
  type AuditReviewItem,
  auditGroupsMax,
} from "@wheelhouse/shared/audit/review.ts";
import { type RawBuilder, sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import { findEvents, toAuditEvent } from "../reading/reading.ts";

type Tx = Transaction<Tables>;
type Person = { id: string; name: string };
export type ReviewFilter = StoredAuditFilter & { from: string; to: string };

const reviewRow = z.object({
  id: z.string(),
  name: z.string(),
  from_at: z.date(),
  to_at: z.date(),
  filter: storedAuditFilter,
  view_name: z.string().nullable(),
  opened_by: z.string(),
  opened_by_name: z.string(),
  opened_at: z.date(),
  covered_seq: z.number(),
  covered_hash: z.string(),
  signed_by: z.string().nullable(),
  signed_by_name: z.string().nullable(),
  signed_at: z.date().nullable(),
  comment: z.string().nullable(),
  not_reviewed: z.number().nullable(),
  same_inviter: z.number().nullable(),
  same_address: z.number().nullable(),
  events: z.number(),
  reviewed: z.number(),
  flagged: z.number(),
  settled: z.number(),
  comments: z.number(),
  open: z.number(),
  own_open: z.number(),
});

const itemRow = z.object({
  audit_id: z.string(),
  seq: z.number(),
  recorded_at: z.date(),
  content: z.string().nullable(),
  actor_id: z.string().nullable(),
  mark: z.enum(["reviewed", "flagged"]).nullable(),
  marked_by: z.string().nullable(),
  marked_by_name: z.string().nullable(),
  marked_at: z.date().nullable(),
  settled_by: z.string().nullable(),
  settled_by_name: z.string().nullable(),
  settled_at: z.date().nullable(),
  comments: z.array(z.object({ id: z.string(), author: z.string(), at: z.string(), text: z.string() })),
});

const counted = z.object({ found: z.number() });
const headRow = z.object({ seq: z.number(), hash: z.string() });
export type ReviewHead = z.infer<typeof headRow>;

/**
 * The newest reviews, or one, with the progress as `readerId` sees it. Runs in a transaction of one
 * organization.
 */
export async function readReviews(
  tx: Tx,
  readerId: string,
  {
    id,
    before,
    limit,
  }: { id?: string; before?: { openedAt: string; id: string } | undefined; limit: number },
): Promise<AuditReview[]> {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (id !== undefined) conditions.push(sql`r.id = ${id}::uuid`);
  if (before)
    conditions.push(sql`(r.opened_at, r.id) < (${before.openedAt}::timestamptz, ${before.id}::uuid)`);
  const { rows } = await sql`
    select r.*, p.*, (select count(*) from audit_review_comments c where c.review_id = r.id) as comments
    from (
      select * from audit_reviews r where ${sql.join(conditions, sql` and `)} order by r.opened_at desc, r.id desc limit ${limit}
    ) r
    cross join lateral (
      select count(*) as events, count(*) filter (where mark = 'reviewed') as reviewed,
        count(*) filter (where mark = 'flagged') as flagged, count(settled_at) as settled,
        count(*) filter (where mark is null) as open,
        count(*) filter (where mark is null and actor_id = coalesce(r.signed_by, ${readerId})) as own_open
      from audit_review_items i where i.review_id = r.id
    ) p
    order by r.opened_at desc, r.id desc`.execute(tx);
  return rows.map((row) => toReview(reviewRow.parse(row)));
}

const toReview = (row: z.infer<typeof reviewRow>): AuditReview => ({
  id: row.id,
  name: row.name,
  filter: row.filter,
  viewName: row.view_name,
  from: row.from_at.toISOString(),
  to: row.to_at.toISOString(),
  opened: { id: row.opened_by, name: row.opened_by_name, at: row.opened_at.toISOString() },
  coveredSeq: row.covered_seq,
  coveredHash: row.covered_hash,
  signed:
    row.signed_at && row.signed_by
      ? {
          id: row.signed_by,
          name: row.signed_by_name ?? "",
          at: row.signed_at.toISOString(),
          comment: row.comment,
          notReviewed: row.not_reviewed ?? 0,
          sameInviter: row.same_inviter,
          sameAddress: row.same_address,
        }
      : null,
  progress: {
    events: row.events,
    reviewed: row.reviewed,
    flagged: row.flagged,
    settled: row.settled,
    comments: row.comments,
    open: row.open,
    ownOpen: row.own_open,
  },
});

const closeRow = z.object({ sameInviter: z.number(), sameAddress: z.number() });

/**
 * How many marked events come from accounts that are close to their reviewer: related by invitations to this
 * organization, or acting from the signer's address.
 */
export async function countClose(tx: Tx, id: string, signer: { id: string; address: string | null }) {
  const { rows } = await sql`
    with marked as (
      select i.audit_id, i.recorded_at, i.actor_id, i.marked_by from audit_review_items i
      where i.review_id = ${id}::uuid and i.mark is not null and i.actor_id <> i.marked_by
    ), related as (
      select p.actor_id, p.marked_by from (select distinct actor_id, marked_by from marked) p
      where exists (
        select from invitations v
        where (v.accepted_by::text, v.invited_by::text) in ((p.actor_id, p.marked_by), (p.marked_by, p.actor_id))
      ) or exists (
        select from invitations a join invitations b on b.invited_by = a.invited_by
        where a.accepted_by::text = p.actor_id and b.accepted_by::text = p.marked_by
      )
    )
    select
      (select count(*) from marked join related using (actor_id, marked_by))::int as "sameInviter",
      (select count(*) from marked m join audit_events e on e.id = m.audit_id and e.recorded_at = m.recorded_at
        where m.marked_by = ${signer.id} and e.content::jsonb ->> 'address' = ${signer.address})::int as "sameAddress"
  `.execute(tx);
  return closeRow.parse(rows[0]);
}

export async function readHead(tx: Tx): Promise<ReviewHead> {
  const { rows } = await sql`select seq, encode(hash, 'hex') as hash from audit_heads`.execute(tx);
  return rows[0] ? headRow.parse(rows[0]) : { seq: 0, hash: "" };
}

/** Gathers the matching events up to the covered one; returns their number, `max + 1` if there are more. */
export async function gatherItems(
  tx: Tx,
  review: { id: string; organizationId: string; coveredSeq: number; filter: ReviewFilter },
  max: number,
): Promise<number> {
  const found = findEvents([review.organizationId], review.filter, undefined, max + 1);
  const { rows } = await sql`
    with found as materialized (${found}), kept as (
      insert into audit_review_items (review_id, org_id, audit_id, seq, recorded_at, actor_id)
      select ${review.id}::uuid, c.org_id, c.audit_id, c.seq, c.recorded_at, e.actor_id
      from found f join audit_chain c on c.audit_id = f.id
        join audit_events e on e.id = f.id and e.recorded_at = f.recorded_at
      where c.seq <= ${review.coveredSeq}
      returning 1
    )
    select count(*) as found from kept`.execute(tx);
  return counted.parse(rows[0]).found;
}

/** Events of a review before number `before`, newest first. */
export async function readItems(
  tx: Tx,
  reviewId: string,
  readerId: string,
  {
    state,
    before,
    limit,
    actor,
    action,
  }: {
    state: "all" | "open" | "flagged";
    before: number | undefined;
    limit: number;
    actor?: string | undefined;
    action?: string | undefined;
  },
): Promise<AuditReviewItem[]> {
  const conditions = [sql`i.review_id = ${reviewId}::uuid`];
  if (before !== undefined) conditions.push(sql`i.seq < ${before}`);
  if (state === "open") conditions.push(sql`i.mark is null`);
  if (state === "flagged") conditions.push(sql`i.mark = 'flagged'`);
  if (actor !== undefined) conditions.push(sql`${actorKey} = ${actor}`);
  if (action !== undefined) conditions.push(sql`e.action = ${action}`);
  const ofGroup =
    actor === undefined && action === undefined
      ? sql``
      : sql`join audit_events e on e.id = i.audit_id and e.recorded_at = i.recorded_at`;
  const { rows } = await sql`
    select i.*, e.content, coalesce((
      select json_agg(json_build_object('id', c.id, 'author', c.author_name, 'text', c.text,
        'at', to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by c.created_at, c.id)
      from audit_review_comments c where c.review_id = i.review_id and c.audit_id = i.audit_id), '[]') as comments
    from (
      select i.* from audit_review_items i ${ofGroup}
      where ${sql.join(conditions, sql` and `)} order by i.seq desc limit ${limit}
    ) i left join audit_events e on e.id = i.audit_id and e.recorded_at = i.recorded_at
    order by i.seq desc`.execute(tx);
  return rows.map((row) => {
    const item = itemRow.parse(row);
    return {
      auditId: item.audit_id,
      seq: item.seq,
      recordedAt: item.recorded_at.toISOString(),
      event: item.content === null ? null : toAuditEvent(item.content, item.seq),
      isOwn: item.actor_id === readerId,
      mark: item.mark,
      marked: by(item.marked_by, item.marked_by_name, item.marked_at),
      settled: by(item.settled_by, item.settled_by_name, item.settled_at),
      comments: item.comments,
    };
  });
}

/** As in `audit_activity`. */
const actorKey = sql`coalesce(e.actor_id, e.actor_display)`;
const groupRow = z.object({
  actor: z.string(),
  action: z.string(),
  actor_name: z.string(),
  events: z.number(),
  refused: z.number(),
  flagged: z.number(),
  open: z.number(),
  is_own: z.boolean(),
  first_at: z.date(),
  last_at: z.date(),
});

/** Who did what in a review, most unreviewed events first; one more than the maximum if there are more. */
export async function readGroups(tx: Tx, reviewId: string, readerId: string): Promise<AuditReviewGroup[]> {
  const { rows } = await sql`
    select ${actorKey} as actor, e.action, (array_agg(e.actor_display order by i.seq desc))[1] as actor_name,
      count(*) as events, count(*) filter (where e.outcome <> 'success') as refused,
      count(*) filter (where i.mark = 'flagged') as flagged, count(*) filter (where i.mark is null) as open,
      bool_or(i.actor_id is not distinct from ${readerId}) as is_own,
      min(i.recorded_at) as first_at, max(i.recorded_at) as last_at
    from audit_review_items i join audit_events e on e.id = i.audit_id and e.recorded_at = i.recorded_at
    where i.review_id = ${reviewId}::uuid
    group by 1, 2 order by open desc, events desc, actor, e.action limit ${auditGroupsMax + 1}`.execute(tx);
  return rows.map((row) => {
    const group = groupRow.parse(row);
    return {
      actor: group.actor,
      action: group.action,
      actorName: group.actor_name,
      events: group.events,
      refused: group.refused,
      flagged: group.flagged,
      open: group.open,
      isOwn: group.is_own,
      firstAt: group.first_at.toISOString(),
      lastAt: group.last_at.toISOString(),
    };
  });
}

/** Ids and actors of the unreviewed events of a group, locked until the end of the transaction. */
export async function lockOpenOfGroup(
  tx: Tx,
  reviewId: string,
  { actor, action }: { actor: string; action: string },
) {
  const { rows } = await sql`
    select i.audit_id, i.actor_id, e.actor_display
    from audit_review_items i join audit_events e on e.id = i.audit_id and e.recorded_at = i.recorded_at
    where i.review_id = ${reviewId}::uuid and i.mark is null and ${actorKey} = ${actor} and e.action = ${action}
    order by i.seq for update of i`.execute(tx);
  return rows.map((row) =>
    z.object({ audit_id: z.string(), actor_id: z.string().nullable(), actor_display: z.string() }).parse(row),
  );
}

const by = (id: string | null, name: string | null, at: Date | null) =>
  id !== null && at ? { id, name: name ?? "", at: at.toISOString() } : null;

const lockedItem = z.object({
  audit_id: z.string(),
  seq: z.number(),
  actor_id: z.string().nullable(),
  mark: z.enum(["reviewed", "flagged"]).nullable(),
  has_comment: z.boolean(),
});
export type LockedItem = z.infer<typeof lockedItem>;

/** These events of the review, locked until the end of the transaction. */
export async function lockItems(tx: Tx, reviewId: string, ids: readonly string[]): Promise<LockedItem[]> {
  const { rows } = await sql`
    select i.audit_id, i.seq, i.actor_id, i.mark, exists (
      select from audit_review_comments c where c.review_id = i.review_id and c.audit_id = i.audit_id) as has_comment
    from audit_review_items i where i.review_id = ${reviewId}::uuid and i.audit_id = any (${[...ids]}::uuid[])
    order by i.seq for update of i`.execute(tx);
  return rows.map((row) => lockedItem.parse(row));
}

export async function setMark(
  tx: Tx,
  reviewId: string,
  ids: readonly string[],
  mark: "reviewed" | "flagged" | null,
  who: Person,
) {
  const marker = mark === null ? { id: null, name: null } : who;
  await sql`
    update audit_review_items set mark = ${mark}, marked_by = ${marker.id}, marked_by_name = ${marker.name},
      marked_at = case when ${mark}::text is null then null else now() end,
      settled_by = null, settled_by_name = null, settled_at = null
    where review_id = ${reviewId}::uuid and audit_id = any (${[...ids]}::uuid[])`.execute(tx);
}

export async function settleFlags(tx: Tx, reviewId: string, ids: readonly string[], who: Person) {
  await sql`
    update audit_review_items set settled_by = ${who.id}, settled_by_name = ${who.name}, settled_at = now()
    where review_id = ${reviewId}::uuid and audit_id = any (${[...ids]}::uuid[])`.execute(tx);
}

export async function addComments(
  tx: Tx,
  review: { id: string; organizationId: string },
  ids: readonly string[],
  text: string,
  who: Person,
) {
  await sql`
    insert into audit_review_comments (review_id, org_id, audit_id, author_id, author_name, text)
    select ${review.id}::uuid, ${review.organizationId}::uuid, a, ${who.id}, ${who.name}, ${text}
    from unnest(${[...ids]}::uuid[]) a`.execute(tx);
}
