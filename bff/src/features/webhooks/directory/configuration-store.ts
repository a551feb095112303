import { type RawBuilder, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";

export type EndpointRow = {
  id: string;
  slug: string;
  name: string;
  url: string;
  event_types: string[];
  secret_hint: string;
  enabled: boolean;
  disabled_reason: string | null;
  version: number;
  created_at: Date;
};

export const endpointColumns: RawBuilder<unknown> = sql`
  id, slug, name, url, event_types, secret_hint, enabled, disabled_reason, version, created_at`;

export type Place = { createdAt: string; id: string } | undefined;
export const after = (place: Place) =>
  place ? sql`and (created_at, id) < (${place.createdAt}::timestamptz, ${place.id}::uuid)` : sql``;

/** Turns `unique_violation` of a slug into a readable 409. */
export const slugTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "This short name is already taken in this organization.", {
      details: [{ field: "body.slug", message: "is already taken" }],
      cause: error,
    });
  throw error;
};

/** Endpoints; writes take the transaction of the change that they belong to. */
export function createConfigurationStore(database: Database) {
  return {
    listEndpoints: (organizationId: string, place: Place, limit: number) =>
      database.asOrganizations([organizationId], async (tx) => {
        const { rows } = await sql<EndpointRow>`
          select ${endpointColumns} from webhook_endpoints
          where org_id = ${organizationId}::uuid and deleted_at is null ${after(place)}
          order by created_at desc, id desc limit ${limit}
        `.execute(tx);
        return rows;
      }),

    async insertEndpoint(
      tx: Transaction<Tables>,
      row: Pick<EndpointRow, "id" | "slug" | "name" | "url" | "event_types" | "secret_hint"> & {
        org_id: string;
        secret_box: Buffer;
      },
    ): Promise<EndpointRow> {
      const made = await tx
        .insertInto("webhook_endpoints")
        .values({ ...row, disabled_reason: null })
        .returning(["created_at", "version", "enabled", "disabled_reason"])
        .executeTakeFirstOrThrow()
        .catch(slugTaken);
      return { ...row, ...made };
    },

    /** The row, locked until the transaction ends. @throws 404 when the organization has no such endpoint. */
    async lockEndpoint(tx: Transaction<Tables>, organizationId: string, id: string): Promise<EndpointRow> {
      const { rows } = await sql<EndpointRow>`
        select ${endpointColumns} from webhook_endpoints
        where id = ${id}::uuid and org_id = ${organizationId}::uuid and deleted_at is null
        for update
      `.execute(tx);
      if (!rows[0]) throw notFound("endpoint");
      return rows[0];
    },

    async updateEndpoint(
      tx: Transaction<Tables>,
      id: string,
      fields: Pick<EndpointRow, "name" | "url" | "event_types" | "enabled" | "disabled_reason">,
    ): Promise<number> {
      const { version } = await tx
        .updateTable("webhook_endpoints")
        .set({ ...fields, version: sql`version + 1` })
        .where("id", "=", id)
        .returning("version")
        .executeTakeFirstOrThrow();
      return version;
    },

    /** Marks it deleted and discards its waiting deliveries. @returns how many deliveries were discarded. */
    async deleteEndpoint(tx: Transaction<Tables>, organizationId: string, id: string): Promise<number> {
      await tx
        .updateTable("webhook_endpoints")
        .set({ deleted_at: sql`now()`, secret_box: null, enabled: false, version: sql`version + 1` })
        .where("id", "=", id)
        .execute();
      const { numUpdatedRows } = await tx
        .updateTable("webhook_delivery_log")
        .set({ status: "discarded", next_attempt_at: null, error_message: "The endpoint was deleted." })
        .where("org_id", "=", organizationId)
        .where("endpoint_id", "=", id)
        .where("status", "in", ["pending", "failed"])
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },
  };
}

export type ConfigurationStore = ReturnType<typeof createConfigurationStore>;
