import { type RawBuilder, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { StoredTerms } from "./endpoint-terms.ts";

export type EndpointRow = {
  id: string;
  slug: string;
  name: string;
  url: string;
  event_types: string[];
  settings: unknown;
  headers: unknown;
  secret_box: Buffer | null;
  secret_hint: string;
  previous_secret_until: Date | null;
  enabled: boolean;
  disabled_reason: string | null;
  failing_since: Date | null;
  version: number;
  created_at: Date;
  changed_at: Date;
  changed_by: string | null;
};

/** What a change writes; the version grows with it. */
export type EndpointChange = Pick<
  EndpointRow,
  "name" | "url" | "event_types" | "settings" | "headers" | "enabled" | "disabled_reason"
> & { changed_at: Date; changed_by: string };

export const endpointColumns: RawBuilder<unknown> = sql`
  id, slug, name, url, event_types, settings, headers, secret_box, secret_hint, previous_secret_until, enabled,
  disabled_reason, failing_since, version, created_at, changed_at, changed_by`;

export type RotatedSecret = {
  next: { box: Buffer; hint: string } | null;
  previous: { box: Buffer; until: Date } | null;
  changedAt: Date;
  changedBy: string;
};

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

    async readEndpoint(organizationId: string, id: string): Promise<EndpointRow> {
      return database.asOrganizations([organizationId], async (tx) => {
        const { rows } = await sql<EndpointRow>`
          select ${endpointColumns} from webhook_endpoints
          where id = ${id}::uuid and org_id = ${organizationId}::uuid and deleted_at is null
        `.execute(tx);
        if (!rows[0]) throw notFound("endpoint");
        return rows[0];
      });
    },

    async readTerms(organizationId: string, id: string): Promise<StoredTerms> {
      const { rows } = await sql<StoredTerms>`
        select settings, headers, secret_box, previous_secret_box, previous_secret_until from webhook_endpoints
        where id = ${id}::uuid and org_id = ${organizationId}::uuid and deleted_at is null
      `.execute(database.system);
      if (!rows[0]) throw notFound("endpoint");
      return rows[0];
    },

    async insertEndpoint(
      tx: Transaction<Tables>,
      row: Pick<EndpointRow, "id" | "slug" | "name" | "url" | "event_types" | "secret_hint"> & {
        org_id: string;
        settings: unknown;
        headers: unknown;
        secret_box: Buffer;
        changed_by: string;
      },
    ): Promise<EndpointRow> {
      const made = await tx
        .insertInto("webhook_endpoints")
        .values({
          id: row.id,
          org_id: row.org_id,
          slug: row.slug,
          name: row.name,
          url: row.url,
          event_types: row.event_types,
          settings: JSON.stringify(row.settings),
          headers: JSON.stringify(row.headers),
          secret_box: row.secret_box,
          secret_hint: row.secret_hint,
          changed_by: row.changed_by,
          disabled_reason: null,
        })
        .returning("id")
        .executeTakeFirstOrThrow()
        .catch(slugTaken);
      return this.lockEndpoint(tx, row.org_id, made.id);
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

    /** Being switched on starts its time of failing anew. */
    async updateEndpoint(tx: Transaction<Tables>, id: string, change: EndpointChange): Promise<number> {
      const { version } = await tx
        .updateTable("webhook_endpoints")
        .set({
          name: change.name,
          url: change.url,
          event_types: change.event_types,
          settings: JSON.stringify(change.settings),
          headers: JSON.stringify(change.headers),
          enabled: change.enabled,
          disabled_reason: change.disabled_reason,
          changed_at: change.changed_at,
          changed_by: change.changed_by,
          failing_since: sql`case when enabled = ${change.enabled} then failing_since end`,
          warned_percent: sql`case when enabled = ${change.enabled} then warned_percent else 0 end`,
          version: sql`version + 1`,
        })
        .where("id", "=", id)
        .returning("version")
        .executeTakeFirstOrThrow();
      return version;
    },

    /** Writes a new secret; `previous` signs until its time. Without `next` only the overlap changes. */
    async rotateEndpoint(
      tx: Transaction<Tables>,
      id: string,
      { next, previous, changedAt, changedBy }: RotatedSecret,
    ): Promise<number> {
      const { version } = await tx
        .updateTable("webhook_endpoints")
        .set({
          ...(next ? { secret_box: next.box, secret_hint: next.hint } : {}),
          previous_secret_box: previous?.box ?? null,
          previous_secret_until: previous?.until ?? null,
          changed_at: changedAt,
          changed_by: changedBy,
          version: sql`version + 1`,
        })
        .where("id", "=", id)
        .returning("version")
        .executeTakeFirstOrThrow();
      return version;
    },

    /** Marks it deleted and discards its waiting deliveries. @returns how many deliveries were discarded. */
    async deleteEndpoint(tx: Transaction<Tables>, organizationId: string, id: string): Promise<number> {
      await tx
        .updateTable("webhook_endpoints")
        .set({
          deleted_at: sql`now()`,
          secret_box: null,
          previous_secret_box: null,
          headers: "[]",
          enabled: false,
          version: sql`version + 1`,
        })
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
