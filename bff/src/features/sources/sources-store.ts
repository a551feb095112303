import { sql, type Transaction } from "kysely";
import { AppError, notFound } from "#lib/errors.ts";
import type { Database } from "#lib/postgres.ts";
import type { Tables } from "#lib/tables.ts";

export type SourceRow = {
  id: string;
  org_id: string;
  slug: string;
  kind: "redis" | "postgres" | "service" | "prometheus";
  definition: unknown;
  url_box: Buffer | null;
  version: number;
};

const columns = ["id", "org_id", "slug", "kind", "definition", "url_box", "version"] as const;
const maxPerOrganization = 1_000;

/** `unique_violation` of a short name becomes the 409 that a person understands. */
const slugTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "This short name is already taken in this organization.", {
      details: [{ field: "body.slug", message: "is already taken" }],
      cause: error,
    });
  throw error;
};

/** Sources that were added by API; writes take the transaction of the change that they belong to. */
export function createSourcesStore(database: Database) {
  return {
    /** Of all organizations, for who watches them. */
    all: () =>
      database.system
        .selectFrom("watched_sources")
        .innerJoin("organizations", "organizations.id", "watched_sources.org_id")
        .select([
          ...columns.map((column) => `watched_sources.${column}` as const),
          "organizations.slug as organization",
        ])
        .orderBy("watched_sources.id")
        .limit(20_000)
        .execute(),

    async insert(tx: Transaction<Tables>, row: Omit<SourceRow, "version">) {
      const { count } = await tx
        .selectFrom("watched_sources")
        .select(sql<number>`count(*)::int`.as("count"))
        .where("org_id", "=", row.org_id)
        .executeTakeFirstOrThrow();
      if (count >= maxPerOrganization)
        throw new AppError(
          "conflict",
          `An organization has at most ${maxPerOrganization} sources of its own.`,
        );
      const definition = JSON.stringify(row.definition);
      await tx
        .insertInto("watched_sources")
        .values({ ...row, definition })
        .execute()
        .catch(slugTaken);
    },

    /** The row, locked until the transaction ends. @throws 404 when the organization has none. */
    async lock(tx: Transaction<Tables>, organizationId: string, slug: string): Promise<SourceRow> {
      const row = await tx
        .selectFrom("watched_sources")
        .select(columns)
        .where("org_id", "=", organizationId)
        .where("slug", "=", slug)
        .forUpdate()
        .executeTakeFirst();
      if (!row) throw notFound("source");
      return row;
    },

    async update(tx: Transaction<Tables>, id: string, changed: Pick<SourceRow, "definition" | "url_box">) {
      const { version } = await tx
        .updateTable("watched_sources")
        .set({
          definition: JSON.stringify(changed.definition),
          url_box: changed.url_box,
          version: sql`version + 1`,
        })
        .where("id", "=", id)
        .returning("version")
        .executeTakeFirstOrThrow();
      return version;
    },

    async remove(tx: Transaction<Tables>, id: string) {
      await tx.deleteFrom("watched_sources").where("id", "=", id).execute();
    },
  };
}

export type SourcesStore = ReturnType<typeof createSourcesStore>;
