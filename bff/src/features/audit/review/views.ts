import { type StoredAuditFilter, storedAuditFilter } from "@wheelhouse/shared/audit/filter.ts";
import type { AuditView, createAuditView } from "@wheelhouse/shared/audit/views.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { sql } from "kysely";
import { z } from "zod";
import type { AuditFields, Changes } from "#lib/change.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { filterFields } from "../reading/reading.ts";

type AuditViewsDeps = { database: Database; changes: Changes };
type Asked = EndpointParsed<typeof createAuditView>["body"];

const perPersonMax = 100;
const sharedMax = 500;

const viewRow = z.object({
  id: z.string(),
  name: z.string(),
  shared: z.boolean(),
  owner_id: z.string(),
  owner_name: z.string(),
  filter: storedAuditFilter,
  updated_at: z.date(),
});
type ViewRow = z.infer<typeof viewRow>;
const columns = sql`id, name, shared, owner_id, owner_name, filter, updated_at`;

/**
 * Saved filters. A shared one is visible to everyone who may read the trail here, but only its owner can
 * change it.
 */
export function createAuditViews({ database, changes }: AuditViewsDeps) {
  return {
    async list(context: RequestContext): Promise<AuditView[]> {
      const { rows } = await database.asOrganizations([context.organization.id], (tx) =>
        sql`
          select ${columns} from audit_views where shared or owner_id = ${ownerOf(context)}
          order by lower(name), id limit ${perPersonMax + sharedMax}`.execute(tx),
      );
      return rows.map((row) => toView(viewRow.parse(row), context));
    },

    create(asked: Asked, context: RequestContext): Promise<AuditView> {
      return changes.run(context, "audit.view.create", async (tx) => {
        const { rows } = await sql`
          insert into audit_views (org_id, owner_id, owner_name, name, shared, filter)
          select ${context.organization.id}::uuid, ${ownerOf(context)}, ${context.actor.display}, ${asked.name}, ${asked.shared},
            ${JSON.stringify(asked.filter)}::jsonb
          where (select count(*) from audit_views where owner_id = ${ownerOf(context)}) < ${perPersonMax}
          returning ${columns}`
          .execute(tx)
          .catch(nameTaken);
        if (rows.length === 0)
          throw new AppError(
            "conflict",
            `You already have ${perPersonMax} views here. Delete one before you save another.`,
          );
        const row = viewRow.parse(rows[0]);
        return { result: toView(row, context), audit: { targets: [targetOf(row)], after: fieldsOf(row) } };
      });
    },

    update(id: string, asked: Asked, context: RequestContext): Promise<AuditView> {
      return changes.run(context, "audit.view.update", async (tx) => {
        const before = await sql`
          select ${columns} from audit_views where id = ${id}::uuid and owner_id = ${ownerOf(context)} for update`.execute(
          tx,
        );
        if (before.rows.length === 0) throw notFound("view of yours");
        const { rows } = await sql`
          update audit_views set name = ${asked.name}, shared = ${asked.shared}, updated_at = now(),
            filter = ${JSON.stringify(asked.filter)}::jsonb
          where id = ${id}::uuid returning ${columns}`
          .execute(tx)
          .catch(nameTaken);
        const row = viewRow.parse(rows[0]);
        return {
          result: toView(row, context),
          audit: {
            targets: [targetOf(row)],
            before: fieldsOf(viewRow.parse(before.rows[0])),
            after: fieldsOf(row),
          },
        };
      });
    },

    remove(id: string, context: RequestContext): Promise<null> {
      return changes.run(context, "audit.view.delete", async (tx) => {
        const { rows } = await sql`
          delete from audit_views where id = ${id}::uuid and owner_id = ${ownerOf(context)} returning ${columns}`.execute(
          tx,
        );
        if (rows.length === 0) throw notFound("view of yours");
        const row = viewRow.parse(rows[0]);
        return { result: null, audit: { targets: [targetOf(row)], before: fieldsOf(row) } };
      });
    },

    /** A view that this caller may use, e.g. for a review. @throws AppError `not_found`. */
    async read(id: string, context: RequestContext): Promise<{ name: string; filter: StoredAuditFilter }> {
      const { rows } = await database.asOrganizations([context.organization.id], (tx) =>
        sql`
          select ${columns} from audit_views
          where id = ${id}::uuid and (shared or owner_id = ${ownerOf(context)})`.execute(tx),
      );
      if (rows.length === 0) throw notFound("view");
      const { name, filter } = viewRow.parse(rows[0]);
      return { name, filter };
    },
  };
}
export type AuditViews = ReturnType<typeof createAuditViews>;

const ownerOf = ({ actor }: RequestContext) => actor.id ?? actor.display;
const targetOf = ({ id, name }: ViewRow) => ({ type: "audit-view", id, name });
const fieldsOf = ({ name, shared, filter }: ViewRow): AuditFields => ({
  ...filterFields(filter),
  name,
  shared,
});
const toView = (row: ViewRow, context: RequestContext): AuditView => ({
  id: row.id,
  name: row.name,
  shared: row.shared,
  filter: row.filter,
  ownerName: row.owner_name,
  isMine: row.owner_id === ownerOf(context),
  updatedAt: row.updated_at.toISOString(),
});

const nameTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "You already have a view with this name here.", {
      details: [{ field: "body.name", message: "is already taken" }],
      cause: error,
    });
  throw error;
};
