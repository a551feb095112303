import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import {
  type createDeliveryView,
  type DeliveryView,
  storedDeliveryFilter,
} from "@wheelhouse/shared/webhooks/views.ts";
import { sql } from "kysely";
import { z } from "zod";
import type { AuditFields, Changes } from "#lib/change.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";

const perPersonMax = 50;

const viewRow = z.object({
  id: z.string(),
  name: z.string(),
  filter: storedDeliveryFilter,
  created_at: z.date(),
});
type ViewRow = z.infer<typeof viewRow>;
const columns = sql`id, name, filter, created_at`;

const viewOf = ({ id, name, filter, created_at }: ViewRow): DeliveryView => ({
  id,
  name,
  filter,
  createdAt: created_at.toISOString(),
});

/** The set fields of a filter, for the trail. */
export function setFields(filter: Readonly<Record<string, string | string[] | undefined>>): AuditFields {
  const set = Object.entries(filter).filter(
    (entry): entry is [string, string | string[]] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}

const ownerOf = ({ actor }: RequestContext) => actor.id ?? actor.display;
const targetsOf = ({ id, name }: ViewRow) => [{ type: "webhook-view", id, name }];
const fieldsOf = ({ name, filter }: ViewRow): AuditFields => ({ ...setFields(filter), name });

/** Turns `unique_violation` of a name into a readable 409. */
const nameTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "You already have a view of this name.", {
      details: [{ field: "body.name", message: "is already taken" }],
      cause: error,
    });
  throw error;
};

/** Filters of the log that a person keeps under a name; each is its owner's alone. */
export function createDeliveryViews({ database, changes }: { database: Database; changes: Changes }) {
  return {
    async list(context: RequestContext): Promise<{ items: DeliveryView[] }> {
      const { rows } = await database.asOrganizations([context.organization.id], (tx) =>
        sql`
          select ${columns} from webhook_views
          where org_id = ${context.organization.id}::uuid and owner_id = ${ownerOf(context)}
          order by lower(name) limit ${perPersonMax}
        `.execute(tx),
      );
      return { items: rows.map((row) => viewOf(viewRow.parse(row))) };
    },

    create(
      { name, filter }: EndpointParsed<typeof createDeliveryView>["body"],
      context: RequestContext,
    ): Promise<DeliveryView> {
      const { organization } = context;
      return changes.run(context, "webhooks.view.create", async (tx) => {
        const { rows } = await sql`
          insert into webhook_views (org_id, owner_id, name, filter)
          select ${organization.id}::uuid, ${ownerOf(context)}, ${name}, ${JSON.stringify(filter)}::jsonb
          where (
            select count(*) from webhook_views
            where org_id = ${organization.id}::uuid and owner_id = ${ownerOf(context)}) < ${perPersonMax}
          returning ${columns}
        `
          .execute(tx)
          .catch(nameTaken);
        if (rows.length === 0)
          throw new AppError(
            "conflict",
            `You already have ${perPersonMax} views. Delete one before you save another.`,
          );
        const row = viewRow.parse(rows[0]);
        return {
          result: viewOf(row),
          audit: { targets: targetsOf(row), before: null, after: fieldsOf(row) },
        };
      });
    },

    async remove(id: string, context: RequestContext): Promise<null> {
      return changes.run(context, "webhooks.view.delete", async (tx) => {
        const { rows } = await sql`
          delete from webhook_views
          where id = ${id}::uuid and org_id = ${context.organization.id}::uuid and owner_id = ${ownerOf(context)}
          returning ${columns}
        `.execute(tx);
        if (rows.length === 0) throw notFound("view of yours");
        const row = viewRow.parse(rows[0]);
        return { result: null, audit: { targets: targetsOf(row), before: fieldsOf(row), after: null } };
      });
    },
  };
}
export type DeliveryViews = ReturnType<typeof createDeliveryViews>;
