import type { AuditReview } from "@wheelhouse/shared/audit/review.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { readReviews } from "./store.ts";

type Tx = Transaction<Tables>;

export const whoIs = ({ actor }: RequestContext) => ({ id: actor.id ?? actor.display, name: actor.display });
export const targetOf = ({ id, name }: AuditReview) => ({ type: "audit-review", id, name });

/** @throws AppError `not_found`. */
export async function readOne(tx: Tx, id: string, context: RequestContext): Promise<AuditReview> {
  const [review] = await readReviews(tx, whoIs(context).id, { id, limit: 1 });
  if (!review) throw notFound("review");
  return review;
}

/** Locks the review, so that what is signed is what was counted. */
export async function lockReview(tx: Tx, id: string, context: RequestContext): Promise<AuditReview> {
  await sql`select from audit_reviews where id = ${id}::uuid for update`.execute(tx);
  return readOne(tx, id, context);
}
