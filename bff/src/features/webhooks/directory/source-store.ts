import type { SourceRedaction, SourceRules, SourceScheme } from "@wheelhouse/shared/webhooks/senders.ts";
import { type RawBuilder, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { notFound } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { after, type Place, slugTaken } from "./configuration-store.ts";

export type SourceRow = {
  id: string;
  slug: string;
  name: string;
  scheme: SourceScheme;
  rules: SourceRules;
  addresses: string[];
  max_body_bytes: number;
  redaction: SourceRedaction;
  search_fields: string[];
  secret_hint: string | null;
  secret_box: Buffer | null;
  previous_secret_until: Date | null;
  version: number;
  created_at: Date;
};
type Settings = Pick<
  SourceRow,
  "name" | "rules" | "addresses" | "max_body_bytes" | "redaction" | "search_fields"
>;

const columns: RawBuilder<unknown> = sql`
  id, slug, name, scheme, rules, addresses, max_body_bytes, redaction, search_fields, secret_hint, secret_box,
  previous_secret_until, version, created_at`;

const written = ({ name, rules, addresses, max_body_bytes, redaction, search_fields }: Settings) => ({
  name,
  rules: JSON.stringify(rules),
  addresses,
  max_body_bytes,
  redaction: JSON.stringify(redaction),
  search_fields,
});

/** Sources; writes take the transaction of the change that they belong to. */
export function createSourceStore(database: Database) {
  return {
    list: (organizationId: string, place: Place, limit: number) =>
      database.asOrganizations([organizationId], async (tx) => {
        const { rows } = await sql<SourceRow>`
          select ${columns} from webhook_sources
          where org_id = ${organizationId}::uuid and deleted_at is null ${after(place)}
          order by created_at desc, id desc limit ${limit}
        `.execute(tx);
        return rows;
      }),

    async insert(
      tx: Transaction<Tables>,
      row: Settings &
        Pick<SourceRow, "id" | "slug" | "scheme" | "secret_hint" | "secret_box"> & { org_id: string },
    ): Promise<SourceRow> {
      const { id, org_id, slug, scheme, secret_hint, secret_box } = row;
      const made = await tx
        .insertInto("webhook_sources")
        .values({ id, org_id, slug, scheme, secret_hint, secret_box, ...written(row) })
        .returning(["created_at", "version"])
        .executeTakeFirstOrThrow()
        .catch(slugTaken);
      return { ...row, ...made, previous_secret_until: null };
    },

    /** The row, locked until the transaction ends. @throws 404 when the organization has no such source. */
    async lock(tx: Transaction<Tables>, organizationId: string, id: string): Promise<SourceRow> {
      const { rows } = await sql<SourceRow>`
        select ${columns} from webhook_sources
        where id = ${id}::uuid and org_id = ${organizationId}::uuid and deleted_at is null
        for update
      `.execute(tx);
      if (!rows[0]) throw notFound("source");
      return rows[0];
    },

    async update(tx: Transaction<Tables>, id: string, settings: Settings): Promise<number> {
      const { version } = await tx
        .updateTable("webhook_sources")
        .set({ ...written(settings), version: sql`version + 1` })
        .where("id", "=", id)
        .returning("version")
        .executeTakeFirstOrThrow();
      return version;
    },

    /** Replaces the secret; `previous` is the former one, accepted until a time. */
    async rotate(
      tx: Transaction<Tables>,
      id: string,
      next: { secret_box: Buffer; secret_hint: string },
      previous: { box: Buffer; until: Date } | null,
    ): Promise<number> {
      const { version } = await tx
        .updateTable("webhook_sources")
        .set({
          secret_box: next.secret_box,
          secret_hint: next.secret_hint,
          previous_secret_box: previous?.box ?? null,
          previous_secret_until: previous?.until ?? null,
          version: sql`version + 1`,
        })
        .where("id", "=", id)
        .returning("version")
        .executeTakeFirstOrThrow();
      return version;
    },

    async delete(tx: Transaction<Tables>, id: string) {
      await tx
        .updateTable("webhook_sources")
        .set({
          deleted_at: sql`now()`,
          secret_box: null,
          previous_secret_box: null,
          previous_secret_until: null,
          version: sql`version + 1`,
        })
        .where("id", "=", id)
        .execute();
    },
  };
}
export type SourceStore = ReturnType<typeof createSourceStore>;
