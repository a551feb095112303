import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";

export type SourceRow = {
  id: string;
  org_id: string;
  slug: string;
  kind: "redis" | "postgres" | "service" | "prometheus" | "cache";
  definition: unknown;
  url_box: Buffer | null;
  credentials_box: Buffer | null;
  version: number;
};

/** Stored data about the secret of one instance that reports by itself. */
export type SecretRow = {
  /** Id of the service, as in the list of sources. */
  service: string;
  instance: string;
  secret_hash: Buffer;
  secret_hint: string;
  issued_at: Date;
};

const secretColumns = ["service", "instance", "secret_hash", "secret_hint", "issued_at"] as const;
const columns = [
  "id",
  "org_id",
  "slug",
  "kind",
  "definition",
  "url_box",
  "credentials_box",
  "version",
] as const;
const maxPerOrganization = 1_000;

/** Turns `unique_violation` of a short name or a cache into a readable response. */
const slugTaken = (error: unknown): never => {
  const constraint = error instanceof Error && "constraint" in error ? error.constraint : null;
  if (constraint === "watched_sources_caches")
    throw invalidField("body.definition.name", "is already declared for this service");
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "This short name is already taken in this organization.", {
      details: [{ field: "body.slug", message: "is already taken" }],
      cause: error,
    });
  throw error;
};

/** Sources added through the API; writes run in the transaction of their change. */
export function createSourcesStore(database: Database) {
  return {
    /** Of all organizations, for the processes that watch them. */
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

    /** Slugs of all organizations. */
    organizations: () => database.system.selectFrom("organizations").select("slug").limit(100_000).execute(),

    /** Heartbeat secrets of all organizations, for the processes that accept heartbeats. */
    secrets: () =>
      database.system
        .selectFrom("heartbeat_secrets")
        .innerJoin("organizations", "organizations.id", "heartbeat_secrets.org_id")
        .select([...secretColumns, "organizations.slug as organization"])
        .limit(100_000)
        .execute(),

    secretsOf: (tx: Transaction<Tables>, organizationId: string, service: string): Promise<SecretRow[]> =>
      tx
        .selectFrom("heartbeat_secrets")
        .select(secretColumns)
        .where("org_id", "=", organizationId)
        .where("service", "=", service)
        .execute(),

    /** Replaces existing secrets. */
    async saveSecrets(tx: Transaction<Tables>, organizationId: string, rows: readonly SecretRow[]) {
      if (rows.length === 0) return;
      await tx
        .insertInto("heartbeat_secrets")
        .values(rows.map((row) => ({ org_id: organizationId, ...row })))
        .onConflict((conflict) =>
          conflict.columns(["org_id", "service", "instance"]).doUpdateSet((eb) => ({
            secret_hash: eb.ref("excluded.secret_hash"),
            secret_hint: eb.ref("excluded.secret_hint"),
            issued_at: eb.ref("excluded.issued_at"),
          })),
        )
        .execute();
    },

    /** Deletes the secrets of instances that no longer report by themselves. */
    async forgetSecrets(
      tx: Transaction<Tables>,
      organizationId: string,
      service: string,
      kept: readonly string[],
    ) {
      await tx
        .deleteFrom("heartbeat_secrets")
        .where("org_id", "=", organizationId)
        .where("service", "=", service)
        .where(sql<boolean>`instance <> all (${[...kept]}::text[])`)
        .execute();
    },

    async insert(tx: Transaction<Tables>, row: Omit<SourceRow, "version">) {
      const { count } = await tx
        .selectFrom("watched_sources")
        .select(sql<number>`count(*)::int`.as("count"))
        .where("org_id", "=", row.org_id)
        .executeTakeFirstOrThrow();
      if (count >= maxPerOrganization)
        throw new AppError(
          "conflict",
          `An organization has at most ${maxPerOrganization} sources in addition to those of wheelhouse.yaml.`,
        );
      const definition = JSON.stringify(row.definition);
      await tx
        .insertInto("watched_sources")
        .values({ ...row, definition })
        .execute()
        .catch(slugTaken);
    },

    /** The row, locked until the transaction ends. @throws 404 when the organization has no such source. */
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

    async update(
      tx: Transaction<Tables>,
      id: string,
      changed: Pick<SourceRow, "definition" | "url_box" | "credentials_box">,
    ) {
      const { version } = await tx
        .updateTable("watched_sources")
        .set({
          definition: JSON.stringify(changed.definition),
          url_box: changed.url_box,
          credentials_box: changed.credentials_box,
          version: sql`version + 1`,
        })
        .where("id", "=", id)
        .returning("version")
        .executeTakeFirstOrThrow()
        .catch(slugTaken);
      return version;
    },

    /** Keeps a server from being deleted while a cache in it is written. */
    async holdServer(tx: Transaction<Tables>, organizationId: string, slug: string) {
      const server = await tx
        .selectFrom("watched_sources")
        .select("id")
        .where("org_id", "=", organizationId)
        .where("slug", "=", slug)
        .forShare()
        .executeTakeFirst();
      if (!server)
        throw invalidField("body.definition.server", "is not a Redis server watched in this organization");
    },

    /** Deletes the caches declared in a server, by the server's id. */
    removeCachesOf: (tx: Transaction<Tables>, organizationId: string, server: string) =>
      tx
        .deleteFrom("watched_sources")
        .where("org_id", "=", organizationId)
        .where("kind", "=", "cache")
        .where(sql<boolean>`definition ->> 'server' = ${server}`)
        .returning(["id", "slug"])
        .execute(),

    async remove(tx: Transaction<Tables>, id: string) {
      await tx.deleteFrom("watched_sources").where("id", "=", id).execute();
    },
  };
}

export type SourcesStore = ReturnType<typeof createSourcesStore>;
