import {
  type AuditReview,
  type AuditReviewDetail,
  auditReviewEventsMax,
} from "@wheelhouse/shared/audit/review.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import { findEvents, parseContent } from "../reading/reading.ts";

const sinceRow = z.object({ newer: z.number(), expired: z.number(), hash: z.string().nullable() });
const verificationFields = z.object({ verifiedToSeq: z.number(), problem: z.string().nullable() });

/** Cancelled verifications lie between; they prove nothing. */
const verificationsMax = 50;

/** Changes in a review's period since its events were gathered. */
export async function readSince(
  tx: Transaction<Tables>,
  organizationId: string,
  review: AuditReview,
): Promise<AuditReviewDetail["since"]> {
  const { id, coveredSeq, coveredHash } = review;
  const filter = { ...review.filter, from: review.from, to: review.to };
  const max = auditReviewEventsMax;
  const found = findEvents([organizationId], filter, undefined, 2 * max + 1);
  const { rows } = await sql`
    select
      (select count(*) from (
        select from (${found}) f join audit_chain c on c.audit_id = f.id where c.seq > ${coveredSeq} limit ${max + 1}) n) as newer,
      (select count(*) from audit_review_items i where i.review_id = ${id}::uuid
        and i.seq <= (select max(x.upto_seq) from audit_expirations x)) as expired,
      (select encode(c.hash, 'hex') from audit_chain c where c.seq = ${coveredSeq}) as hash`.execute(tx);
  const { newer, expired, hash } = sinceRow.parse(rows[0]);
  const verified = await tx
    .selectFrom("audit_events")
    .select("content")
    .where("org_id", "=", organizationId)
    .where("action", "=", "audit.trail.verify")
    .where("outcome", "=", "success")
    .orderBy("recorded_at", "desc")
    .orderBy("id", "desc")
    .limit(verificationsMax)
    .execute();
  return {
    newEvents: Math.min(newer, max),
    isMore: newer > max,
    expiredEvents: expired,
    headHolds: coveredSeq === 0 || hash === coveredHash,
    verification: verified.map(({ content }) => verificationOf(content)).find((end) => end !== null) ?? null,
  };
}

function verificationOf(content: string) {
  const { recordedAt, after } = parseContent(content);
  const fields = verificationFields.safeParse(after);
  if (!fields.success) return null;
  return { at: recordedAt, toSeq: fields.data.verifiedToSeq, problem: fields.data.problem };
}
