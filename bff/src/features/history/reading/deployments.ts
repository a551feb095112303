import type { Deployment } from "@wheelhouse/shared/history.ts";
import { type Selectable, sql } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Change } from "#observe/aspect.ts";

type Told = {
  service: string;
  version: string;
  at?: string | undefined;
  by?: string | undefined;
  url?: string | undefined;
};

const aheadMs = 60_000;
const oldestMs = 7 * 86_400_000;
const recentCount = 20;
const place = z.object({ at: z.iso.datetime({ offset: true }), id: z.uuid() });
const recentRow = z.object({
  organizationId: z.string(),
  service: z.string(),
  version: z.string(),
  deployedAt: z.date(),
  by: z.string(),
});

const deploymentOf = (row: Selectable<Tables["deployments"]>): Deployment => ({
  id: row.id,
  service: row.service,
  version: row.version,
  at: row.deployed_at.toISOString(),
  by: row.deployed_by,
  url: row.url,
  createdAt: row.created_at.toISOString(),
});

/** Deployments as reported by pipelines. */
export function createDeployments(deps: { database: Database; changes: Changes; clock: Clock }) {
  const { database, changes, clock } = deps;
  return {
    /** @throws AppError `validation_failed` for times in the future or more than 7 days ago */
    tell(context: RequestContext, told: Told): Promise<Deployment> {
      const nowMs = clock.now();
      const atMs = told.at === undefined ? nowMs : Date.parse(told.at);
      if (atMs > nowMs + aheadMs) throw invalidField("body.at", "must not be in the future");
      if (atMs < nowMs - oldestMs) throw invalidField("body.at", "must be within the last 7 days");
      const { service, version, url = null } = told;
      const by = told.by ?? context.actor.display.slice(0, 100);
      return changes.run(context, "history.deployment.create", async (tx) => {
        const row = await tx
          .insertInto("deployments")
          .values({
            org_id: context.organization.id,
            service,
            version,
            url,
            deployed_at: new Date(atMs).toISOString(),
            deployed_by: by,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        const result = deploymentOf(row);
        return {
          result,
          audit: {
            targets: [{ type: "deployment", id: result.id, name: `${service} ${version}` }],
            after: { service, version, at: result.at, by, url },
          },
        };
      });
    },
    /** Most recently reported first. */
    async list(
      organizationId: string,
      query: { service?: string | undefined; cursor?: string | undefined; limit: number },
    ) {
      const after = decodeCursor(query.cursor, place);
      const rows = await database.asOrganizations([organizationId], (tx) => {
        let found = tx.selectFrom("deployments").selectAll().where("org_id", "=", organizationId);
        if (query.service !== undefined) found = found.where("service", "=", query.service);
        // The cursor has milliseconds, the column microseconds.
        if (after)
          found = found.where(
            sql<boolean>`(date_trunc('milliseconds', created_at), id) < (${after.at}::timestamptz, ${after.id}::uuid)`,
          );
        return found
          .orderBy(sql`date_trunc('milliseconds', created_at)`, "desc")
          .orderBy("id", "desc")
          .limit(query.limit + 1)
          .execute();
      });
      const items = rows.slice(0, query.limit).map(deploymentOf);
      const last = items.at(-1);
      const nextCursor =
        rows.length > query.limit && last ? encodeCursor({ at: last.createdAt, id: last.id }) : null;
      return { items, nextCursor };
    },
    /** The latest of each organization as lines of its recent changes, in one statement. */
    async recent(organizationIds: readonly string[]): Promise<ReadonlyMap<string, Change[]>> {
      if (organizationIds.length === 0) return new Map();
      const { rows } = await database.asOrganizations(organizationIds, (tx) =>
        sql`select d.org_id as "organizationId", d.service, d.version, d.deployed_at as "deployedAt", d.deployed_by as by
          from unnest(${[...organizationIds]}::uuid[]) as wanted (org_id)
          cross join lateral (select * from deployments d where d.org_id = wanted.org_id
            and d.deployed_at > now() - interval '7 days'
            order by d.deployed_at desc, d.id desc limit ${recentCount}) d`.execute(tx),
      );
      const found = new Map<string, Change[]>(organizationIds.map((id) => [id, []]));
      for (const row of rows) {
        const { organizationId, service, version, deployedAt, by } = recentRow.parse(row);
        found.get(organizationId)?.push({
          at: deployedAt.toISOString(),
          text: `${service} ${version} deployed`,
          by,
          kind: "deployment",
          about: [service],
          state: null,
        });
      }
      return found;
    },
  };
}
export type Deployments = ReturnType<typeof createDeployments>;
